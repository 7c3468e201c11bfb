using AdaLora.Internals.Cpu;

namespace AdaLora.Tests.Models;

/// <summary>While it lives, everything is computed by tensor operations, as on a device, or else over the host's memory, as on a CPU. It concerns the whole process.</summary>
internal sealed class TensorOperations : IDisposable
{
    private readonly bool _usedMemory = HostMemory.IsUsed;

    public TensorOperations(bool areUsed = true) => HostMemory.IsUsed = !areUsed;

    public void Dispose() => HostMemory.IsUsed = _usedMemory;
}
