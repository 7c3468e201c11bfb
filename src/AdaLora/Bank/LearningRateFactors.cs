using System.Globalization;
using AdaLora.Internals;

namespace AdaLora.Bank;

/// <summary>
/// The learning rates of the parts of a triplet, as multiples of the optimiser's. By default all are 1, as published: lambda then starts slowly, because it moves by the learning rate per
/// step and is multiplied by the norms of its column of P and row of Q, which are far below 1 at the start.
/// </summary>
/// <remarks>As in a parameter group with such a rate, decoupled weight decay is multiplied too.</remarks>
public sealed record LearningRateFactors
{
    private const double Most = 1e6;

    /// <summary>One learning rate for all.</summary>
    public static LearningRateFactors Equal { get; } = new();

    /// <summary>That of lambda, positive and at most 1e6: lambda mostly starts at 0, and where it stays there, nothing is learnt.</summary>
    public double Lambda { get; init; } = 1;

    /// <summary>That of P, at least 0, which keeps P as it starts, and at most 1e6. P is the counterpart of LoRA's B.</summary>
    public double P { get; init; } = 1;

    /// <summary>That of Q, at least 0, which keeps Q as it starts, and at most 1e6. Q is the counterpart of LoRA's A.</summary>
    public double Q { get; init; } = 1;

    /// <summary>Whether all parts have the optimiser's own learning rate.</summary>
    internal bool AreOne => Lambda == 1 && P == 1 && Q == 1;

    /// <summary>The three factors.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"lambda x {Lambda:R}, P x {P:R}, Q x {Q:R}");

    internal void Validate(string name, Problems problems)
    {
        problems.Require(Lambda is > 0 and <= Most, $"{name}.{nameof(Lambda)} is {Lambda}; it must be positive, and at most {Most:G}");
        problems.Require(P is >= 0 and <= Most, $"{name}.{nameof(P)} is {P}; it must not be negative, and at most {Most:G}");
        problems.Require(Q is >= 0 and <= Most, $"{name}.{nameof(Q)} is {Q}; it must not be negative, and at most {Most:G}");
    }
}
