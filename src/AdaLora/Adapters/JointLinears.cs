using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// Several linear layers that read the same tensor, with their adapters, as one node on a device: the host of a fast card cannot issue as many operations as the layers need one by one. Each
/// adapter has a dropout mask of its own. On a CPU, where operations cost little, every layer is computed by itself.
/// </summary>
internal static class JointLinears
{
    /// <summary>
    /// Call before layers that read the same tensor: those of equal width whose adapters have the same rank are computed, and their next call with this tensor finds the output. Call all of
    /// them: an adapter whose output is not used gets gradients of 0, so that it is not noticed as one that the loss does not depend on.
    /// </summary>
    /// <param name="input">The tensor, (..., in). Pass this same object to the layers before the current dispose scope ends.</param>
    /// <param name="layers">The layers, with adapters or without.</param>
    /// <exception cref="InvalidOperationException">The model was moved after it was adapted.</exception>
    public static void Prepare(Tensor input, params ReadOnlySpan<nn.Module<Tensor, Tensor>> layers)
    {
        if (input.IsInvalid || HostMemory.IsPlaceOf(input))
            return;
        List<SvdLinear> adapters = [];
        foreach (var layer in layers)
        {
            if (layer is SvdLinear adapter)
                adapters.Add(adapter);
        }

        if (adapters.Count > 1)
            SvdLinear.Join(adapters, input);
    }

    /// <summary>x W' + b + dropout(x) Q' F for every layer.</summary>
    /// <param name="input">x, (..., in).</param>
    /// <param name="layers">The frozen part of each.</param>
    /// <param name="rights">Matrices Q, (rank, in) each.</param>
    /// <param name="lefts">Matrices F, (rank, out) each: diag(scale · lambda) P'.</param>
    /// <param name="dropout">The rate, in [0, 1).</param>
    /// <param name="settings">What the backward pass goes through, and where it stores an exception.</param>
    /// <returns>(..., out) for each layer, in their order. All tensors have the element type of the input.</returns>
    public static IReadOnlyList<Tensor> Apply(
        Tensor input, IReadOnlyList<(Tensor Weight, Tensor? Bias)> layers, IReadOnlyList<Tensor> rights, IReadOnlyList<Tensor> lefts, double dropout, AdapterSettings settings)
    {
        using var scope = NewDisposeScope();
        var needsGraph = is_grad_enabled() && (input.requires_grad || rights.Concat(lefts).Any(factor => factor.requires_grad));
        if (needsGraph)
            settings.Failure.ThrowIfAny();
        var parts = new JointParts(layers, dropout, settings);
        IReadOnlyList<Tensor> outputs = needsGraph ? JointLinearsFunction.apply([input, parts, .. rights, .. lefts]) : JointLinearsFunction.Compute(input, parts, rights, lefts).Outputs;
        return [.. outputs.Select(output => output.MoveToOuterDisposeScope())];
    }
}

/// <summary>What <see cref="JointLinears"/> computes with besides what may need a gradient.</summary>
/// <param name="Layers">The frozen part of each layer.</param>
/// <param name="Dropout">The rate.</param>
/// <param name="Settings">What the backward pass goes through, and where it stores an exception.</param>
internal sealed record JointParts(IReadOnlyList<(Tensor Weight, Tensor? Bias)> Layers, double Dropout, AdapterSettings Settings)
{
    /// <summary>What is kept is larger by this, so that means stay the same.</summary>
    public double KeptScale => 1 / (1 - Dropout);
}

/// <summary>The output that a layer finds for an input.</summary>
/// <param name="Input">The input it belongs to.</param>
/// <param name="Output">(..., out).</param>
internal sealed record JointOutput(Tensor Input, Tensor Output);
