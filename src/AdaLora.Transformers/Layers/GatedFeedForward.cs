using AdaLora.Transformers.Configuration;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>A feed-forward block in which one wide projection, after the activation, scales the other (Shazeer, 2020).</summary>
internal sealed class GatedFeedForward : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor>[] _inner;
    private readonly Module<Tensor, Tensor> _outer;
    private readonly Module<Tensor, Tensor>? _dropout;
    private readonly Func<Tensor, Tensor> _activation;
    private readonly long[] _sizes;
    private readonly bool _isSilu;
    private readonly bool _isOuterWide;

    /// <param name="config">The configuration.</param>
    /// <param name="isPacked">Whether gate and other projection, in this order, are one layer.</param>
    /// <param name="hasBias">Whether the layers have biases.</param>
    public GatedFeedForward(RotaryDecoderConfig config, bool isPacked = false, bool hasBias = false)
        : this(config, config.IntermediateSize, isPacked ? ["gate_up_proj"] : ["gate_proj", "up_proj"], "down_proj", hasBias)
    {
    }

    /// <param name="config">The configuration.</param>
    /// <param name="size">The inner width.</param>
    /// <param name="inner">The family's names of gate and other projection, or of the one layer that is both.</param>
    /// <param name="outer">That of the projection back.</param>
    /// <param name="hasBias">Whether the layers have biases.</param>
    /// <param name="dropout">The dropout probability before and after the projection back; null for none.</param>
    /// <param name="isOuterWide">Whether the projection back is in single precision where others are in float16; see <see cref="Unfilled.WideLinear"/>.</param>
    public GatedFeedForward(ModelConfig config, int size, string[] inner, string outer, bool hasBias = false, double? dropout = null, bool isOuterWide = false)
        : base(nameof(GatedFeedForward))
    {
        // Marks the fields as registered: names are those of checkpoints, and a module that contains this one would otherwise add the fields' own.
        RegisterComponents();
        _sizes = [size, size];
        _inner = JointProjection.Create(this, config.HiddenSize, inner, _sizes, hasBias);
        _outer = isOuterWide ? Unfilled.WideLinear(size, config.HiddenSize, hasBias) : Unfilled.Linear(size, config.HiddenSize, hasBias);
        _isOuterWide = isOuterWide;
        _activation = Activation.Get(config.HiddenActivation);
        _isSilu = Activation.IsSilu(config.HiddenActivation);
        register_module(outer, _outer);
        if (dropout is { } probability)
            register_module("dropout", _dropout = new Dropout(probability));
    }

    public override Tensor forward(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        var parts = JointProjection.Apply(_inner, hidden, _sizes);
        var dropped = Drop(_isSilu && GateFunction.Suits(parts[0], parts[1]) ? GateFunction.Apply(parts[0], parts[1]) : _activation(parts[0]).mul(parts[1]));
        return Drop(Projection.Apply(_outer, _isOuterWide ? HalfRange.InputOf(_outer, dropped) : dropped)).MoveToOuterDisposeScope();
    }

    private Tensor Drop(Tensor states) => _dropout is null ? states : _dropout.call(states);
}
