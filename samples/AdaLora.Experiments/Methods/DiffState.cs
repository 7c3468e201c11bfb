using static TorchSharp.torch;

namespace AdaLora.Experiments.Methods;

/// <summary>The values, gates and draws of a model's weights, as a part of that model: what is part of it is trained, and kept by checkpoints.</summary>
internal sealed class DiffState : nn.Module
{
    /// <param name="weights">The weights, which this disposes of.</param>
    public DiffState(IReadOnlyList<DiffWeight> weights)
        : base(nameof(DiffState))
    {
        Weights = weights;
        Steps = zeros([], ScalarType.Int64, CPU).DetachFromDisposeScope();
        register_buffer("steps", Steps);
        foreach (var (number, weight) in weights.Index())
        {
            register_parameter($"value_{number}", weight.Value);
            register_parameter($"gate_{number}", weight.Gate);
            register_buffer($"sample_{number}", weight.Sample);
        }
    }

    public IReadOnlyList<DiffWeight> Weights { get; }

    /// <summary>Optimiser steps done, a scalar on the host.</summary>
    public Tensor Steps { get; }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (var weight in Weights)
                weight.Dispose();
        }

        base.Dispose(disposing);
    }
}
