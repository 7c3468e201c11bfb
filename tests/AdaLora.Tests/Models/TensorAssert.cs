using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Models;

internal static class TensorAssert
{
    /// <summary>No entry differs by more than the precision times 1 plus the largest expected one.</summary>
    /// <param name="expected">In double precision.</param>
    /// <param name="actual">In any.</param>
    /// <param name="precision">Positive.</param>
    public static void Close(Tensor expected, Tensor actual, double precision)
    {
        var limit = precision * (1 + expected.abs().max().item<double>());
        Assert.True((expected - actual.to(ScalarType.Float64)).abs().max().item<double>() <= limit);
    }
}
