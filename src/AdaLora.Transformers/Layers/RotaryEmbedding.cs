using AdaLora.Internals;
using AdaLora.Transformers.Configuration;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>
/// Rotary positions (Su et al., 2021): the first entries of queries and keys are turned in pairs (i, i + half) by angles that grow with the position. Not a module: it has no weights.
/// </summary>
/// <param name="rotary">The parameters.</param>
/// <param name="headSize">The size of a head.</param>
/// <param name="maxPositions">The model's positions.</param>
internal sealed class RotaryEmbedding(RotaryParameters rotary, int headSize, int maxPositions)
{
    private readonly int _rotated = rotary.RotatedSize(headSize);

    /// <summary>What <see cref="Turn"/> takes, for the positions of a batch.</summary>
    /// <param name="positions">Batch (or 1) x length.</param>
    /// <param name="length">The highest position of the batch, plus one; read only if the frequencies depend on it.</param>
    /// <param name="dtype">The element type of queries and keys.</param>
    /// <returns>Cosines and signed sines, batch (or 1) x length x 1 x rotated entries; they belong to no scope.</returns>
    public (Tensor Cosines, Tensor Sines) At(Tensor positions, Func<long> length, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        // In half precision, positions beyond a few hundred would not even be distinct.
        var wide = dtype == ScalarType.Float64 ? dtype : ScalarType.Float32;
        var frequencies = PinnedCopy.To(tensor(RotaryFrequencies.Of(rotary, _rotated, maxPositions, length), device: CPU), positions.device).to(wide);
        var angles = positions.to(wide).unsqueeze(-1).mul(frequencies);
        var factor = RotaryFrequencies.AttentionFactor(rotary, maxPositions);
        return (Finish(cat([angles, angles], -1).cos()), Finish(cat([angles.neg(), angles], -1).sin()));

        Tensor Finish(Tensor values) => (factor == 1 ? values : values.Mul(factor)).to(dtype).unsqueeze(2).DetachFromDisposeScope();
    }

    /// <summary>Turns queries or keys.</summary>
    /// <param name="states">Batch x length x heads x head size.</param>
    /// <param name="turn">What <see cref="At"/> gives.</param>
    public Tensor Turn(Tensor states, (Tensor Cosines, Tensor Sines) turn)
    {
        using var scope = NewDisposeScope();
        if (RotaryFunction.Suits(states, turn.Cosines, turn.Sines))
            return RotaryFunction.Apply(states, turn.Cosines, turn.Sines).MoveToOuterDisposeScope();
        if (_rotated == headSize)
            return TurnAll(states, turn).MoveToOuterDisposeScope();
        var kept = states.narrow(-1, _rotated, headSize - _rotated);
        return cat([TurnAll(states.narrow(-1, 0, _rotated), turn), kept], -1).MoveToOuterDisposeScope();
    }

    // The sines of the first half are negative, so that both halves are the same sum.
    private Tensor TurnAll(Tensor states, (Tensor Cosines, Tensor Sines) turn)
    {
        var half = _rotated / 2;
        var exchanged = cat([states.narrow(-1, half, half), states.narrow(-1, 0, half)], -1);
        return states.mul(turn.Cosines).AddcmulInPlace(exchanged, turn.Sines, 1);
    }
}
