using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Mpi;

/// <summary>A tensor's numbers in memory that MPI can work on: its own on a CPU, one pinned buffer for those of a device, which is kept for the next time.</summary>
internal sealed class HostTensor : IDisposable
{
    private readonly Dictionary<ScalarType, Tensor> _pinned = [];

    /// <summary>Runs something on the numbers of a tensor and puts them back.</summary>
    /// <param name="tensor">Contiguous; changed in place.</param>
    /// <param name="dtype">The element type to work in.</param>
    /// <param name="work">Receives a contiguous tensor in the host's memory.</param>
    public void Exchange(Tensor tensor, ScalarType dtype, Action<Tensor> work)
    {
        if (!tensor.is_contiguous())
            throw new ArgumentException("The tensor is not contiguous in memory; pass tensor.contiguous().", nameof(tensor));
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var own = tensor.detach();
        if (own.device_type == DeviceType.CPU && own.dtype == dtype)
        {
            work(own);
            return;
        }

        var host = own.device_type == DeviceType.CPU ? own.to(dtype) : Pinned(own, dtype);
        work(host);
        own.copy_(host);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var buffer in _pinned.Values)
            buffer.Dispose();
    }

    private Tensor Pinned(Tensor tensor, ScalarType dtype)
    {
        if (!_pinned.TryGetValue(dtype, out var buffer) || buffer.numel() < tensor.numel())
        {
            buffer?.Dispose();
            buffer = _pinned[dtype] = empty(tensor.numel(), dtype, device: CPU).pin_memory().DetachFromDisposeScope();
        }

        var part = buffer.narrow(0, 0, tensor.numel()).view(tensor.shape);
        return part.copy_(tensor);
    }
}
