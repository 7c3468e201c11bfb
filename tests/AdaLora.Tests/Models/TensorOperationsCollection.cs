using Xunit;

namespace AdaLora.Tests.Models;

/// <summary>For tests that use <see cref="TensorOperations"/>: no other test runs beside them.</summary>
[CollectionDefinition(nameof(TensorOperations), DisableParallelization = true)]
public sealed class TensorOperationsCollection;
