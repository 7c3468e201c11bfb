using AdaLora.Transformers.Configuration;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>Self-attention of any kind and its output.</summary>
/// <typeparam name="TContext">What the attention takes besides hidden states.</typeparam>
internal sealed class AttentionBlock<TContext> : Module<Tensor, TContext, Tensor>
    where TContext : ITokenContext
{
    [ComponentName(Name = "self")]
    private readonly Module<Tensor, TContext, Tensor> _self;

    [ComponentName(Name = "output")]
    private readonly ResidualOutput _output;

    public AttentionBlock(Module<Tensor, TContext, Tensor> self, EncoderConfig config)
        : base(nameof(AttentionBlock<TContext>))
    {
        _self = self;
        _output = new ResidualOutput(config.HiddenSize, config);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, TContext context)
    {
        using var scope = NewDisposeScope();
        return _output.call(_self.call(hidden, context), context.Rows.Kept(hidden)).MoveToOuterDisposeScope();
    }
}
