using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Settings;

namespace AdaLora.Experiments.Runs;

/// <summary>Reads the ranks and the importance of all matrices now and then, right after a mask. Reading waits for the device; the steps in between cost nothing.</summary>
internal sealed class RankWatch
{
    private const int MostLooks = 100;

    private readonly MethodAttachment _attachment;
    private readonly int _totalSteps;
    private readonly int _every;

    /// <param name="attachment">The model.</param>
    /// <param name="totalSteps">Steps of the run, over which at most about a hundred readings are spread.</param>
    /// <param name="maskInterval">Steps between two masks; readings are a multiple of it apart.</param>
    public RankWatch(MethodAttachment attachment, int totalSteps, int maskInterval)
    {
        _attachment = attachment;
        _totalSteps = totalSteps;
        _every = maskInterval * Math.Max(1, (int)Math.Ceiling(totalSteps / ((double)maskInterval * MostLooks)));
    }

    /// <summary>The state of every matrix after <paramref name="step"/> steps; null if it is not time for a reading, or nothing is adapted.</summary>
    public IReadOnlyList<ModuleAllocation>? At(int step)
    {
        // Masks are applied at multiples of the interval by a count that starts at 0.
        if ((step - 1) % _every != 0 && step != _totalSteps)
            return null;
        var importance = _attachment.ReadImportance();
        var modules = _attachment.Ranks.Select(rank => new ModuleAllocation(rank.Module, rank.FinalRank, importance.GetValueOrDefault(rank.Module))).ToList();
        return modules.Count == 0 ? null : modules;
    }
}
