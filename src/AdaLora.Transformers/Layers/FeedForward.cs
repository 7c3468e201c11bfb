using AdaLora.Transformers.Configuration;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>Two projections with an activation between them and dropout at the end.</summary>
internal sealed class FeedForward : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> _inner;
    private readonly Module<Tensor, Tensor> _outer;
    private readonly Module<Tensor, Tensor> _dropout;
    private readonly Module<Tensor, Tensor>? _innerDropout;
    private readonly Func<Tensor, Tensor> _activation;
    private readonly bool _isOuterWide;

    /// <param name="config">The configuration.</param>
    /// <param name="inner">The projection to the wider states, with the family's name for it.</param>
    /// <param name="outer">The projection back, with the family's name for it.</param>
    /// <param name="innerDropout">The dropout probability between the two; null for none.</param>
    /// <param name="isOuterWide">Whether the projection back is in single precision where others are in float16; see <see cref="Unfilled.WideLinear"/>.</param>
    public FeedForward(
        ModelConfig config, (string Name, Module<Tensor, Tensor> Projection) inner, (string Name, Module<Tensor, Tensor> Projection) outer, double? innerDropout = null, bool isOuterWide = false)
        : base(nameof(FeedForward))
    {
        // Marks the fields as registered: names are those of the family, and a module that contains this one would otherwise add the fields' own.
        RegisterComponents();
        (_inner, _outer, _isOuterWide) = (inner.Projection, outer.Projection, isOuterWide);
        _dropout = new Dropout(config.HiddenDropout);
        _activation = Activation.Get(config.HiddenActivation);
        register_module(inner.Name, _inner);
        register_module(outer.Name, _outer);
        register_module("dropout", _dropout);
        if (innerDropout is { } probability)
            register_module("inner_dropout", _innerDropout = new Dropout(probability));
    }

    public override Tensor forward(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        var activated = _activation(Projection.Apply(_inner, hidden));
        var dropped = _innerDropout is null ? activated : _innerDropout.call(activated);
        return _dropout.call(Projection.Apply(_outer, _isOuterWide ? HalfRange.InputOf(_outer, dropped) : dropped)).MoveToOuterDisposeScope();
    }
}
