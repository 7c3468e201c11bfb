using System.Globalization;

namespace AdaLora.Allocation;

/// <summary>
/// What happens at a mask: given all scores and the budget, which triplets live and which matrices get new ones. Immutable. In the final phase, every strategy keeps as many of the
/// highest-scoring triplets as the target budget allows, and changes nothing more.
/// </summary>
public sealed class AllocationStrategy
{
    private readonly Reallocation? _reallocation;

    private AllocationStrategy(string name, string settings, Reallocation? reallocation) => (Name, Settings, _reallocation) = (name, settings, reallocation);

    /// <summary>
    /// As published: the highest-scoring triplets live, as many as the budget allows; the lambdas of the others are set to 0. Those are still trained and may come back at a later mask; no
    /// matrix ever holds more triplets than it started with. The default.
    /// </summary>
    public static AllocationStrategy PruneToBudget { get; } = new("prune to budget", "prune to budget", null);

    /// <summary>The name of the strategy in reports.</summary>
    public string Name { get; }

    /// <summary>Maximum rank of a matrix; null if only its sizes limit it, or if matrices do not grow.</summary>
    internal int? MaxRank => _reallocation?.MaxRank;

    /// <summary>Whether triplets are dropped and added, which changes the sizes of what is trained.</summary>
    internal bool Resizes => _reallocation is not null;

    private string Settings { get; }

    /// <summary>
    /// Moves ranks between matrices, after ElaLoRA (Chang et al., arXiv 2504.00254): each mask drops the least important triplets and gives as many new ones to the matrices whose own least
    /// important triplets matter most. The budget is that of the options, constant if the target rank equals the initial rank; triplets beyond it are dropped permanently. A matrix that has
    /// triplets keeps at least one, so that its importance is known.
    /// </summary>
    /// <remarks>
    /// The number of moves falls from <paramref name="triplets"/> at the end of the initial phase to 0 at the start of the final one, as 1 - c³ of the elapsed share c. A new triplet has P
    /// and Q as at the start and lambda 0, so adding it does not change the model's output; its statistics and optimiser state start at 0. In a custom loop, name the optimiser with
    /// <c>AdaLoraModel.UseOptimizer</c>. Each mask waits for the device once.
    /// </remarks>
    /// <param name="triplets">Maximum number of triplets that one mask moves, at least 1.</param>
    /// <param name="perMatrix">Maximum number of triplets that one mask takes from or gives to a matrix, at least 1.</param>
    /// <param name="maxRank">Maximum number of triplets in a matrix, at least 1; a matrix that starts with more only shrinks. By default the smaller of its sizes, which is the limit in any
    /// case.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is below 1.</exception>
    public static AllocationStrategy Reallocate(int triplets = 4, int perMatrix = 2, int? maxRank = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(triplets, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(perMatrix, 1);
        if (maxRank is < 1)
            throw new ArgumentOutOfRangeException(nameof(maxRank), maxRank, "The largest rank of a matrix must be at least 1, or null.");
        var settings = string.Create(CultureInfo.InvariantCulture, $"reallocate up to {triplets} triplets, {perMatrix} per matrix, {(maxRank is { } most ? $"to rank {most}" : "to any rank")}");
        return new AllocationStrategy("reallocate", settings, new Reallocation(triplets, perMatrix, maxRank));
    }

    /// <summary>The name, including all numbers.</summary>
    public override string ToString() => Settings;

    /// <summary>What to drop and add; null if nothing, or if triplets are only ever masked.</summary>
    internal Allotment? Choose(AllocationTurn turn) => _reallocation?.Choose(turn);
}
