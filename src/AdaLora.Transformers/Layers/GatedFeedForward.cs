using AdaLora.Transformers.Configuration;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>A feed-forward block in which one wide projection, after the activation, scales the other (Shazeer, 2020).</summary>
internal sealed class GatedFeedForward : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor>[] _inner;
    private readonly Module<Tensor, Tensor> _outer;
    private readonly Func<Tensor, Tensor> _activation;
    private readonly long[] _sizes;

    /// <param name="config">The configuration.</param>
    /// <param name="isPacked">Whether gate and other projection, in this order, are one layer.</param>
    /// <param name="hasBias">Whether the layers have biases.</param>
    public GatedFeedForward(RotaryDecoderConfig config, bool isPacked = false, bool hasBias = false)
        : base(nameof(GatedFeedForward))
    {
        // Marks the fields as registered: names are those of checkpoints, and a module that contains this one would otherwise add the fields' own.
        RegisterComponents();
        _sizes = [config.IntermediateSize, config.IntermediateSize];
        _inner = JointProjection.Create(this, config.HiddenSize, isPacked ? ["gate_up_proj"] : ["gate_proj", "up_proj"], _sizes, hasBias);
        _outer = Unfilled.Linear(config.IntermediateSize, config.HiddenSize, hasBias);
        _activation = Activation.Get(config.HiddenActivation);
        register_module("down_proj", _outer);
    }

    public override Tensor forward(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        var parts = JointProjection.Apply(_inner, hidden, _sizes);
        return _outer.call(_activation(parts[0]).mul(parts[1])).MoveToOuterDisposeScope();
    }
}
