using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Methods;

/// <summary>
/// Trains the change of every weight, first with gates that a penalty closes, then only the entries that were changed most: the share of all entries with the greatest change is kept, the
/// other weights become what they were, and the kept ones are trained on.
/// </summary>
/// <param name="weights">The weights.</param>
/// <param name="steps">Counts optimiser steps; a scalar that checkpoints keep.</param>
/// <param name="fixedAfter">After how many steps the pattern is fixed.</param>
/// <param name="share">The share of all entries that are kept.</param>
/// <param name="penalty">How much every gate that is probably open adds to the loss.</param>
internal sealed class DiffPruner(IReadOnlyList<DiffWeight> weights, Tensor steps, long fixedAfter, double share, double penalty)
{
    /// <summary>To be called before an optimiser step: passes gradients on to what is trained.</summary>
    public void BeforeStep()
    {
        using var noGrad = no_grad();
        var isFixed = IsFixed;
        foreach (var weight in weights)
        {
            if (isFixed)
                weight.DifferentiateFixed();
            else
                weight.Differentiate(penalty);
        }
    }

    /// <summary>To be called after it: puts the changed weights into the model.</summary>
    public void AfterStep()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        _ = steps.AddInPlace(1);
        if (steps.item<long>() == fixedAfter)
            Fix();
        var isFixed = IsFixed;
        foreach (var weight in weights)
        {
            if (isFixed)
                weight.PutFixed();
            else
                weight.Draw();
        }
    }

    private bool IsFixed => steps.item<long>() >= fixedAfter;

    private void Fix()
    {
        var deltas = weights.Select(weight => weight.ExpectedDelta()).ToList();
        var sizes = cat([.. deltas.Select(delta => delta.abs().view(-1))]);
        var count = (long)Math.Clamp(Math.Round(share * sizes.numel()), 1, sizes.numel());
        var kept = zeros_like(sizes).IndexFillInPlace(0, sizes.topk((int)count, sorted: false).indexes, 1);
        foreach (var ((weight, delta), part) in weights.Zip(deltas).Zip(kept.split([.. weights.Select(weight => weight.Count)])))
            weight.Fix(delta, part.view(delta.shape));
    }
}
