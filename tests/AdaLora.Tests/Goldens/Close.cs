using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Goldens;

internal static class Close
{
    /// <summary>Every entry within <paramref name="tolerance"/> times the largest expected magnitude; farther on other devices, by <see cref="TestDevice.ToleranceFactor"/>.</summary>
    public static void RelativeToMaximum(Tensor expected, Tensor actual, double tolerance, string what)
    {
        Assert.True(expected.shape.SequenceEqual(actual.shape), $"{what}: shape ({string.Join(",", actual.shape)}) instead of ({string.Join(",", expected.shape)})");
        if (expected.numel() == 0)
            return;
        using var scope = NewDisposeScope();
        var wide = expected.to(ScalarType.Float64);
        Absolute(expected, actual, tolerance * Math.Max(wide.abs().max().item<double>(), double.Epsilon), what);
    }

    public static void Absolute(Tensor expected, Tensor actual, double tolerance, string what)
    {
        Assert.True(expected.shape.SequenceEqual(actual.shape), $"{what}: shape ({string.Join(",", actual.shape)}) instead of ({string.Join(",", expected.shape)})");
        if (expected.numel() == 0)
            return;
        using var scope = NewDisposeScope();
        var distance = (expected.to(ScalarType.Float64) - actual.detach().to(ScalarType.Float64)).abs().max().item<double>();
        var allowed = tolerance * TestDevice.ToleranceFactor;
        Assert.True(distance <= allowed, $"{what}: off by {distance:G3}, allowed {allowed:G3}");
    }

    public static void Exactly(IReadOnlyList<bool> expected, IReadOnlyList<bool> actual, string what) =>
        Assert.True(expected.SequenceEqual(actual), $"{what}: {Show(actual)} instead of {Show(expected)}");

    private static string Show(IEnumerable<bool> flags) => string.Concat(flags.Select(f => f ? '1' : '0'));
}
