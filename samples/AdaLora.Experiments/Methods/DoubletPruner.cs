using AdaLora.Allocation;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Methods;

/// <summary>
/// Keeps the doublets with the highest scores over all adapters, as many as the schedule allows. Unlike triplets, doublets that were pruned stay zero: nothing is left of them that a
/// gradient could reach.
/// </summary>
internal sealed class DoubletPruner(IReadOnlyList<DoubletState> adapters, BudgetSchedule schedule)
{
    private long? _step;

    /// <summary>To be called after an optimiser step, before gradients are set to zero.</summary>
    public void AfterStep()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        // A resumed run has its count among the adapters' buffers.
        var step = _step ?? adapters[0].ReadSteps();
        foreach (var adapter in adapters)
            adapter.Track(isScored: step < schedule.FirstFinalStep);
        if (step <= schedule.FirstFinalStep && (schedule.MasksAt(step) || step == schedule.FirstFinalStep))
            Select(schedule.BudgetAt(step));
        foreach (var adapter in adapters)
            adapter.Prune();
        _step = step + 1;
    }

    private void Select(int budget)
    {
        var scores = cat([.. adapters.Select(adapter => adapter.Scores())]);
        var kept = zeros_like(scores).IndexFillInPlace(0, scores.argsort(0, descending: true).narrow(0, 0, budget), 1);
        foreach (var (adapter, share) in adapters.Zip(kept.split([.. adapters.Select(adapter => adapter.Rank)])))
            adapter.Keep(share);
    }
}
