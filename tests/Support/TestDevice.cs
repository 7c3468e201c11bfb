using TorchSharp;

namespace AdaLora.TestSupport;

/// <summary>Where numbers of other implementations are compared: on the CPU, unless a program that runs these tests on another device says otherwise.</summary>
internal static class TestDevice
{
    private static torch.Device? _current;

    /// <summary>The device that reference tensors are put on and models are made on.</summary>
    public static torch.Device Current
    {
        get => _current ??= torch.CPU;
        set => _current = value;
    }

    /// <summary>How many times farther from the reference than on a CPU results may be: sums are computed in a different order there.</summary>
    public static double ToleranceFactor { get; set; } = 1;

    /// <summary>The tensors on the device, under the same names; those that move are disposed.</summary>
    public static Dictionary<string, torch.Tensor> Moved(Dictionary<string, torch.Tensor> tensors)
    {
        if (Current.type == DeviceType.CPU)
            return tensors;
        return tensors.ToDictionary(entry => entry.Key, entry => Moved(entry.Value), StringComparer.Ordinal);
    }

    private static torch.Tensor Moved(torch.Tensor tensor)
    {
        using (tensor)
            return tensor.to(Current).DetachFromDisposeScope();
    }
}
