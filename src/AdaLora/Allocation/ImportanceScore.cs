using AdaLora.Bank;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Allocation;

/// <summary>The importance of a triplet. The highest-scoring triplets over all matrices are kept.</summary>
public sealed class ImportanceScore
{
    /// <summary>Keeps the ratio of two numbers that are both 0 from being undefined.</summary>
    private const double Guard = 1e-6;

    private readonly Func<ImportanceState, Tensor> _score;

    private ImportanceScore(string name, Func<ImportanceState, Tensor> score, bool tracksSquaredGradients = false) =>
        (Name, _score, TracksSquaredGradients) = (name, score, tracksSquaredGradients);

    /// <summary>Smoothed sensitivity times uncertainty, I·U (equations 8 to 11 of the paper). The default.</summary>
    public static ImportanceScore SensitivityTimesUncertainty { get; } = new("sensitivity*uncertainty", s => s.PerTriplet(s.Sensitivity * s.Uncertainty));

    /// <summary>Smoothed sensitivity alone, I.</summary>
    public static ImportanceScore Sensitivity { get; } = new("sensitivity", s => s.PerTriplet(s.Sensitivity));

    /// <summary>
    /// (I + 1e-6) / (U + 1e-6), entry by entry: sensitivity in units of its own variation, as in IGU-LoRA. Below 1e-6, where early sensitivities lie, all scores are about 1.
    /// </summary>
    public static ImportanceScore SensitivityOverUncertainty { get; } =
        new("sensitivity/uncertainty", s => s.PerTriplet(s.Sensitivity.Add(Guard).div(s.Uncertainty.Add(Guard))));

    /// <summary>The smoothed square of the gradient alone, an estimate of the diagonal of the Fisher information. <see cref="ImportanceState.Sensitivity"/> then holds that average.</summary>
    public static ImportanceScore Fisher { get; } = new("fisher", s => s.PerTriplet(s.Sensitivity), tracksSquaredGradients: true);

    /// <summary>abs(lambda) times the norms of its column of P and row of Q: the size of what the triplet adds to the weight, apart from the scale.</summary>
    public static ImportanceScore MagnitudeTimesNorms { get; } = new("magnitude*norms", s => s.Values.Lambdas(s.Layout).abs().mul(s.ProductOfNorms()));

    /// <summary>abs(lambda): what singular-value pruning would do.</summary>
    public static ImportanceScore Magnitude { get; } = new("magnitude", s => s.Values.Lambdas(s.Layout).abs());

    /// <summary>The name of the score in reports and saved options.</summary>
    public string Name { get; }

    /// <summary>Whether the square of the gradient is smoothed, instead of the sensitivity abs(w·g).</summary>
    internal bool TracksSquaredGradients { get; }

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
