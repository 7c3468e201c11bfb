using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>A batch of random token ids without padding.</summary>
internal sealed record StepInputs(Tensor Ids, Tensor Mask, Tensor Types, Tensor Labels)
{
    public static StepInputs Create(int batch, int length, int words) => new(
        randint(5, words, [batch, length], dtype: ScalarType.Int64),
        ones(batch, length, dtype: ScalarType.Int64),
        zeros(batch, length, dtype: ScalarType.Int64),
        randint(0, 2, [batch], dtype: ScalarType.Int64));
}
