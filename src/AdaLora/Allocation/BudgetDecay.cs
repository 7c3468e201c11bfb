namespace AdaLora.Allocation;

/// <summary>
/// How the surplus of triplets shrinks during the pruning phase: a function from c, the share of the phase still ahead (1 at its start, 0 at its end),
/// to the share of the surplus that is still kept.
/// </summary>
public sealed class BudgetDecay
{
    private readonly Func<double, double> _kept;

    private BudgetDecay(string name, Func<double, double> kept) => (Name, _kept) = (name, kept);

    /// <summary>c³, the paper's equation 14 with its misprint corrected: fast at first, gentle at the end. The default.</summary>
    public static BudgetDecay Cubic { get; } = new("cubic", c => Math.Pow(c, 3));

    /// <summary>c: the same number of triplets at every step.</summary>
    public static BudgetDecay Linear { get; } = new("linear", c => c);

    /// <summary>Everything above the target is pruned at the first mask of the pruning phase.</summary>
    public static BudgetDecay OneShot { get; } = new("one-shot", c => c >= 1 ? 1 : 0);

    /// <summary>The name of the decay in reports and saved options.</summary>
    public string Name { get; }

    /// <summary>A custom decay.</summary>
    /// <param name="name">Its name in reports.</param>
    /// <param name="kept">From c in [0, 1] to the kept share of the surplus; results outside [0, 1] are clamped, NaN is an error when it occurs.</param>
    public static BudgetDecay Custom(string name, Func<double, double> kept)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(kept);
        return new BudgetDecay(name, c => Math.Clamp(NotNaN(name, c, kept(c)), 0, 1));
    }

    /// <summary>The kept share of the surplus when the share <paramref name="ahead"/> of the pruning phase is still ahead.</summary>
    public double KeptShare(double ahead) => _kept(ahead);

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static double NotNaN(string name, double ahead, double kept) =>
        double.IsNaN(kept) ? throw new InvalidOperationException($"The budget decay '{name}' returned NaN at {ahead}.") : kept;
}
