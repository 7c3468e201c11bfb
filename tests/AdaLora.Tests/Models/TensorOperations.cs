using AdaLora.Internals.Cpu;
using Xunit;

namespace AdaLora.Tests.Models;

/// <summary>While it lives, everything is computed by tensor operations, as on a device. Only tests of the collection of this name may use it: it concerns the whole process.</summary>
internal sealed class TensorOperations : IDisposable
{
    public TensorOperations() => HostMemory.IsUsed = false;

    public void Dispose() => HostMemory.IsUsed = true;
}

[CollectionDefinition(nameof(TensorOperations), DisableParallelization = true)]
public sealed class TensorOperationsCollection;
