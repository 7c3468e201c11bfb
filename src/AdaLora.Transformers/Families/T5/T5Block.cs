using AdaLora.Transformers.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.T5;

/// <summary>A block of either stack: attention of one kind or two, and feed-forward.</summary>
/// <typeparam name="TContext">What attention takes besides hidden states.</typeparam>
internal sealed class T5Block<TContext> : Module<Tensor, TContext, Tensor>
{
    [ComponentName(Name = "layer")]
    private readonly ModuleList<Module<Tensor, TContext, Tensor>> _layers;

    public T5Block(params Module<Tensor, TContext, Tensor>[] layers)
        : base(nameof(T5Block<TContext>))
    {
        _layers = ModuleList(layers);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, TContext context)
    {
        using var scope = NewDisposeScope();
        return LayerSequence.Run(_layers, hidden, _ => context, null).MoveToOuterDisposeScope();
    }
}
