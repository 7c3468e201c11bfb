using static TorchSharp.torch;

namespace AdaLora.HostileTarget;

/// <summary>Tensors that hardly any call expects: every rank and size, dtype and device, values out of range, and a disposed one.</summary>
internal static class BadTensors
{
    public static IEnumerable<(string Name, Func<Tensor> Make)> All =>
    [
        ("null", () => null!),
        ("scalar", () => tensor(1.0f)),
        ("empty", () => zeros(0)),
        ("no rows", () => zeros(0, 8)),
        ("no columns", () => zeros(2, 0)),
        ("one", () => ones(1)),
        ("vector of 7", () => ones(7)),
        ("2 x 3", () => ones(2, 3)),
        ("3 x 2 transposed", () => ones(2, 3).t()),
        ("2 x 3 x 5", () => ones(2, 3, 5)),
        ("five dimensions", () => ones([1, 2, 1, 3, 2])),
        ("2 x 8 of half", () => ones([2, 8], ScalarType.Float16)),
        ("2 x 8 of bfloat16", () => ones([2, 8], ScalarType.BFloat16)),
        ("2 x 8 of double", () => ones([2, 8], ScalarType.Float64)),
        ("2 x 8 of bool", () => ones([2, 8], ScalarType.Bool)),
        ("2 x 8 of bytes", () => ones([2, 8], ScalarType.Byte)),
        ("2 x 8 of int32", () => ones([2, 8], ScalarType.Int32)),
        ("2 x 8 of complex", () => ones([2, 8], ScalarType.ComplexFloat32)),
        ("2 x 8 of -1", () => full([2, 8], -1, dtype: ScalarType.Int64)),
        ("2 x 8 of too large numbers", () => full([2, 8], 1L << 40, dtype: ScalarType.Int64)),
        ("2 x 800", () => ones([2, 800], ScalarType.Int64)),
        ("2 x 8 of nothing real", () => full([2, 8], double.NaN, dtype: ScalarType.Float32)),
        ("2 x 8 on the meta device", () => ones([2, 8], device: META)),
        ("2 x 8 sparse", () => ones(2, 8).to_sparse()),
        ("2 x 8 expanded", () => ones(1, 1).expand(2, 8)),
        ("disposed", Disposed),
    ];

    private static Tensor Disposed()
    {
        var gone = ones(2, 8);
        gone.Dispose();
        return gone;
    }
}
