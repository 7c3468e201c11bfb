using AdaLora.Transformers.Configuration;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>One layer with normalisation after each block: attention, then feed-forward.</summary>
/// <typeparam name="TContext">What the attention takes besides hidden states.</typeparam>
internal sealed class EncoderLayer<TContext> : Module<Tensor, TContext, Tensor>
    where TContext : ITokenContext
{
    [ComponentName(Name = "attention")]
    private readonly AttentionBlock<TContext> _attention;

    [ComponentName(Name = "intermediate")]
    private readonly ActivatedDense _intermediate;

    [ComponentName(Name = "output")]
    private readonly ResidualOutput _output;

    public EncoderLayer(Module<Tensor, TContext, Tensor> attention, EncoderConfig config)
        : base(nameof(EncoderLayer<TContext>))
    {
        _attention = new AttentionBlock<TContext>(attention, config);
        _intermediate = new ActivatedDense(config.HiddenSize, config.IntermediateSize, config.HiddenActivation);
        _output = new ResidualOutput(config.IntermediateSize, config);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, TContext context)
    {
        using var scope = NewDisposeScope();
        var attended = _attention.call(hidden, context);
        return _output.call(_intermediate.call(attended), attended).MoveToOuterDisposeScope();
    }
}
