using AdaLora.Bank;
using AdaLora.Internals;
using AdaLora.Training;
using static TorchSharp.torch;

namespace AdaLora;

/// <content>What shows that a loop has left out the calls around its optimiser steps.</content>
public sealed partial class AdaLoraModel
{
    /// <summary>Takes the current lambdas to be the untrained ones.</summary>
    private void NoteLambdas()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        _knownLambdas.copy_(_bank.Values.Lambdas(_bank.Layout));
    }

    /// <summary>Throws if lambdas have changed although no step was reported: ranks would then never be allocated, and nothing would show it.</summary>
    private void RequireAllocator()
    {
        RequireState();
        if (Step > 0 || !_adapters.Any(a => a.HasTrained))
            return;
        using var scope = NewDisposeScope();
        if (HostRead.Scalar<bool>(_bank.Values.Lambdas(_bank.Layout).eq(_knownLambdas).all()))
            return;
        throw new InvalidOperationException(
            $"The adapters were trained, but the rank allocator never ran. Call {nameof(BeforeOptimizerStep)} before and {nameof(AfterOptimizerStep)} after each optimizer.step(), or use {nameof(Trainer)}.");
    }

    /// <summary>Throws if backward passes have left gradients that no step has used: saving or merging would then use the values from before them.</summary>
    private void RequireStep()
    {
        RequireAllocator();
        if (Step == 0 && !_betweenCalls && (_binder.HasUnusedGradients || HasWeightGradients))
        {
            throw new InvalidOperationException(
                $"Backward passes left gradients in the adapters, but no optimiser step used them: the adapters are unchanged. Call {nameof(BeforeOptimizerStep)} before and {nameof(AfterOptimizerStep)} after each optimizer.step(), or use {nameof(Trainer)}.");
        }
    }
}
