using System.Globalization;

namespace AdaLora.Allocation;

/// <summary>
/// What happens at a mask: given the scores of all triplets and the budget, which triplets live and which matrices get new ones. Immutable. In the final phase every strategy keeps those with the highest scores, as many as the target budget
/// says, and changes nothing more.
/// </summary>
public sealed class AllocationStrategy
{
    private readonly Reallocation? _reallocation;

    private AllocationStrategy(string name, string settings, Reallocation? reallocation) => (Name, Settings, _reallocation) = (name, settings, reallocation);

    /// <summary>
    /// As published: the triplets with the highest scores live, as many as the budget says; the lambdas of the others are set to 0. They are still trained and may come back at a later mask; no matrix ever holds more triplets than it
    /// began with. The default.
    /// </summary>
    public static AllocationStrategy PruneToBudget { get; } = new("prune to budget", "prune to budget", null);

    /// <summary>What the strategy is called in reports.</summary>
    public string Name { get; }

    /// <summary>Largest rank of a matrix; null where only its sizes bound it, or where matrices do not grow.</summary>
    internal int? MaxRank => _reallocation?.MaxRank;

    /// <summary>Whether triplets are dropped and added, so that the sizes of what is trained change.</summary>
    internal bool Resizes => _reallocation is not null;

    private string Settings { get; }

    /// <summary>
    /// Moves ranks between matrices, after ElaLoRA (Chang et al., arXiv 2504.00254): each mask drops the least important triplets and gives as many new ones to those matrices whose own least important triplets matter most. The budget is that
    /// of the options, constant if the target rank equals the initial rank; what it forbids is dropped for good. At least one triplet of a matrix stays that has one, so that its importance is known.
    /// </summary>
    /// <remarks>
    /// The number of moves falls from <paramref name="triplets"/> at the end of the initial phase to 0 at the beginning of the final one, as 1 - c³ of the share c that is over. A new triplet has P and Q as at the start and lambda 0, so
    /// that adding it changes nothing that the model computes; its statistics and what the optimiser remembers of it begin at 0. In a loop of one's own the optimiser has to be named by <c>AdaLoraModel.UseOptimizer</c>.
    /// Each mask waits for the device once.
    /// </remarks>
    /// <param name="triplets">Most triplets that one mask moves, at least 1.</param>
    /// <param name="perMatrix">Most triplets that one mask takes from a matrix or gives to it, at least 1.</param>
    /// <param name="maxRank">Most triplets of a matrix, at least 1; a matrix that begins with more only shrinks. By default the smaller one of its sizes, which bounds it in any case.</param>
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

    /// <summary>The name with all numbers.</summary>
    public override string ToString() => Settings;

    /// <summary>What to drop and to add; null if nothing, or if nothing is ever dropped or added but only masked.</summary>
    internal Allotment? Choose(AllocationTurn turn) => _reallocation?.Choose(turn);
}
