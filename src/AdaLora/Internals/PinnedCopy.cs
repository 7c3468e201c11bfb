using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Internals;

/// <summary>
/// Copies from the host's memory without waiting. A card reads pinned memory by itself, once the preceding kernels have run; an ordinary copy makes the host wait for all of them. libtorch
/// keeps the pinned memory until it has been read.
/// </summary>
internal static class PinnedCopy
{
    /// <param name="values">A tensor in the host's memory.</param>
    /// <param name="device">Where the copy goes.</param>
    /// <returns>The copy; the tensor itself if it is there already.</returns>
    public static Tensor To(Tensor values, Device device)
    {
        if (device.type != DeviceType.CUDA)
            return values.to(device);
        using var pinned = values.pin_memory();
        return pinned.to(device, non_blocking: true);
    }
}
