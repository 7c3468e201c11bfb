using AdaLora.Bank;
using static TorchSharp.torch;

namespace AdaLora.Allocation;

/// <summary>The importance of a triplet. The highest-scoring triplets over all matrices are kept.</summary>
public sealed class ImportanceScore
{
    private readonly Func<ImportanceState, Tensor> _score;

    private ImportanceScore(string name, Func<ImportanceState, Tensor> score) => (Name, _score) = (name, score);

    /// <summary>Smoothed sensitivity times uncertainty, I·U (equations 8 to 11 of the paper). The default.</summary>
    public static ImportanceScore SensitivityTimesUncertainty { get; } = new("sensitivity*uncertainty", s => s.PerTriplet(s.Sensitivity * s.Uncertainty));

    /// <summary>Smoothed sensitivity alone, I.</summary>
    public static ImportanceScore Sensitivity { get; } = new("sensitivity", s => s.PerTriplet(s.Sensitivity));

    /// <summary>abs(lambda): what singular-value pruning would do.</summary>
    public static ImportanceScore Magnitude { get; } = new("magnitude", s => s.Values.Lambdas(s.Layout).abs());

    /// <summary>The name of the score in reports and saved options.</summary>
    public string Name { get; }

    /// <summary>A custom score.</summary>
    /// <param name="name">Its name in reports.</param>
    /// <param name="score">
    /// Returns one score per triplet in storage order, (triplets), on the device of the state; <see cref="ImportanceState.PerTriplet"/> helps. NaN counts as 0.
    /// </param>
    public static ImportanceScore Custom(string name, Func<ImportanceState, Tensor> score)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(score);
        return new ImportanceScore(name, score);
    }

    /// <summary>The scores of all triplets in storage order, (triplets).</summary>
    /// <exception cref="InvalidOperationException">A custom score returned a number of values other than the number of triplets.</exception>
    public Tensor Of(ImportanceState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var scores = _score(state) ?? throw new InvalidOperationException($"The importance score '{Name}' returned null.");
        if (scores.dim() != 1 || scores.shape[0] != state.Layout.Triplets)
            throw new InvalidOperationException($"The importance score '{Name}' returned shape ({string.Join(", ", scores.shape)}); it must return one value for each of the {state.Layout.Triplets} triplets.");
        return scores.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
