using AdaLora.Internals;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Methods;

/// <summary>
/// How much each doublet of a LoRA adapter matters, and which of them are alive. The score is that of AdaLoRA's triplets without lambda: smoothed sensitivity abs(w g) times its
/// smoothed variation, averaged over the entries of a row of A and of a column of B (equations 8 to 11 of the paper).
/// </summary>
internal sealed class DoubletState : nn.Module
{
    private const double Smoothing = 0.85;

    private readonly (Parameter Weight, Tensor Sensitivity, Tensor Uncertainty, long Across)[] _sides;
    private readonly Tensor _kept;
    private readonly Tensor _steps;

    /// <param name="down">A, rank x in.</param>
    /// <param name="up">B, out x rank.</param>
    public DoubletState(Parameter down, Parameter up)
        : base(nameof(DoubletState))
    {
        Rank = down.shape[0];
        _sides = [Side("A", down, across: 1), Side("B", up, across: 0)];
        _kept = Buffer("kept", ones(Rank, down.dtype, down.device));
        _steps = Buffer("steps", zeros([], ScalarType.Int64, down.device));
    }

    public long Rank { get; }

    /// <summary>Optimiser steps that were tracked. Waits for the device.</summary>
    public long ReadSteps() => _steps.item<long>();

    /// <summary>Adds the gradients of a step to the scores.</summary>
    public void Track(bool isScored)
    {
        _ = _steps.AddInPlace(1);
        foreach (var (weight, sensitivity, uncertainty, _) in isScored ? _sides : [])
        {
            var change = weight.mul(weight.grad!).abs_();
            _ = sensitivity.lerp_(change, 1 - Smoothing);
            _ = uncertainty.lerp_(change.sub_(sensitivity).abs_(), 1 - Smoothing);
        }
    }

    /// <summary>One score per doublet, (rank).</summary>
    public Tensor Scores() => _sides.Select(side => side.Sensitivity.mul(side.Uncertainty).mean([side.Across])).Aggregate((a, b) => a.AddInPlace(b));

    /// <param name="kept">1 for doublets that live, 0 for the others, (rank).</param>
    public void Keep(Tensor kept) => _kept.mul_(kept);

    /// <summary>Sets pruned doublets to zero.</summary>
    public void Prune()
    {
        foreach (var (weight, _, _, across) in _sides)
            _ = weight.mul_(_kept.unsqueeze(across));
    }

    private (Parameter Weight, Tensor Sensitivity, Tensor Uncertainty, long Across) Side(string name, Parameter weight, long across) =>
        (weight, Buffer($"sensitivity_{name}", zeros_like(weight)), Buffer($"uncertainty_{name}", zeros_like(weight)), across);

    private Tensor Buffer(string name, Tensor start)
    {
        start = start.requires_grad_(false).DetachFromDisposeScope();
        register_buffer(name, start);
        return start;
    }
}
