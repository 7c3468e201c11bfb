using AdaLora.Allocation;
using AdaLora.Internals;
using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora;

/// <content>Queries on an adapted model.</content>
public sealed partial class AdaLoraModel
{
    /// <summary>The orthogonality penalty of the latest step, before weighting. Waits for the device once.</summary>
    public double ReadPenalty()
    {
        using var passage = _activity.Gate.Read();
        using var scope = NewDisposeScope();
        return HostRead.Scalar<double>(_penalty.to(ScalarType.Float64));
    }

    /// <summary>The joint 2-norm of all gradients of the latest step, including the penalty's, before clipping. Waits for the device once.</summary>
    public double ReadGradientNorm()
    {
        using var passage = _activity.Gate.Read();
        return new StepGradients(_norm).ReadNorm();
    }

    /// <summary>How many steps left the importance unchanged because a gradient was not finite. Waits for the device once.</summary>
    public long ReadRejectedUpdates()
    {
        using var passage = _activity.Gate.Read();
        return _tracker.ReadRejected();
    }

    /// <summary>
    /// Which triplets the latest mask kept, out of all that the adapter started with or has been given since; for a loaded adapter, the start is that of its first training. Waits for the device once.
    /// </summary>
    public RankPattern ReadPattern()
    {
        using var passage = _activity.Gate.Read();
        return OfWholeLife(_allocator?.ReadPattern() ?? HeldTriplets());
    }

    /// <summary>
    /// The mean importance of the kept triplets of every matrix, by name: the mean of the scores the next mask compares, null for a matrix without triplets.
    /// Empty before the total number of steps is known, and once the pattern is final, because importance is no longer tracked then.
    /// </summary>
    /// <remarks>
    /// Meant for occasional use, for example at every tenth mask: it computes all scores, which costs as much as a mask without the sorting, and waits for the device once. For ranks use
    /// <see cref="ReadPattern"/>, which also waits once. Steps without a reading cost nothing extra.
    /// </remarks>
    public IReadOnlyDictionary<string, double?> ReadImportance()
    {
        using var passage = _activity.Gate.Read();
        return _allocator is { IsPatternFinal: false } allocator ? allocator.ReadMeanScores(_bank.Values) : new Dictionary<string, double?>();
    }

    /// <summary>Counts, the budget and the rank of every matrix. Waits for the device once.</summary>
    /// <exception cref="InvalidOperationException">Lambdas were trained although the allocator never ran.</exception>
    public AdaLoraReport Report()
    {
        using var passage = _activity.Gate.Read();
        RequireAllocator();
        var pattern = ReadPattern();
        var ways = Sites.ToDictionary(s => s.Path, s => s.Way, StringComparer.Ordinal);
        var modules = _adapters
            .Select(a => new AdaptedModule(a.Slot.Name, a.Slot.Shape.OutFeatures, a.Slot.Shape.InFeatures, InitialRankOf(a.Slot.Name), pattern.RankOf(a.Slot.Name),
                _terms.LimitsOf(a.Slot.Name), ways[a.Slot.Name]))
            .ToList();
        var live = modules.Sum(m => m.LiveParameters);
        var trainedInFull = MemoryRange.CountEntries(TrainableParameters.Skip(1));
        var counts = new ParameterCounts(MemoryRange.CountEntries(Model.parameters().Concat(_adapters.SelectMany(a => a.Views).Select(v => v.View))), live + trainedInFull, live);
        return new AdaLoraReport(Step, LiveTriplets, IsPatternFinal, counts, modules) { BudgetUnit = _terms.Unit, ScheduledBudget = Budget };
    }

    /// <summary>Whether triplets were added since the adapters were attached or loaded.</summary>
    internal bool HasGrown => _bank.Roster.HasGrown(_bank.FirstLayout);

    /// <summary>The number of triplets of a matrix at the start; for a loaded adapter, at the start of its first training.</summary>
    internal int InitialRankOf(string name) => _origin?.Pattern[name].Count ?? _bank.FirstLayout[name].Rank;

    private RankPattern HeldTriplets() => RankPattern.Of(_bank.Roster, Enumerable.Repeat(true, _bank.Layout.Triplets).ToArray());

    private RankPattern OfWholeLife(RankPattern sinceLoaded) => _origin is { } origin ? sinceLoaded.Within(origin.Pattern) : sinceLoaded;
}
