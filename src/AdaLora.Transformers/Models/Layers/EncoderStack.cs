using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Models.Layers;

/// <summary>Layers with self-attention over an additive mask, one after another.</summary>
internal sealed class EncoderStack : Module<Tensor, Tensor?, Tensor>
{
    [ComponentName(Name = "layer")]
    private readonly ModuleList<Module<Tensor, Tensor?, Tensor>> _layers;

    public EncoderStack(EncoderConfig config, Func<Module<Tensor, Tensor?, Tensor>> createLayer)
        : base(nameof(EncoderStack))
    {
        _layers = ModuleList(Enumerable.Range(0, config.Layers).Select(_ => createLayer()).ToArray());
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, Tensor? mask) => Run(hidden, mask, null);

    /// <summary>
    /// Runs the layers over embeddings, with an attention mask of 1 and 0 or none; <paramref name="trace"/> receives what goes into the first layer and what comes out of each,
    /// in tensors that belong to no scope.
    /// </summary>
    public Tensor Encode(Tensor embedded, Tensor? attentionMask, List<Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        var mask = attentionMask is null ? null : AttentionMask.ToAdditive(attentionMask, embedded.dtype);
        return Run(embedded, mask, trace).MoveToOuterDisposeScope();
    }

    private Tensor Run(Tensor hidden, Tensor? mask, List<Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        var states = hidden.alias();
        trace?.Add(states.alias().DetachFromDisposeScope());
        foreach (var layer in _layers)
        {
            var next = layer.call(states, mask);
            // Frees what nothing else needs while the next layer runs; in training the graph keeps what the backward pass reads.
            states.Dispose();
            states = next;
            trace?.Add(states.alias().DetachFromDisposeScope());
        }
        return states.MoveToOuterDisposeScope();
    }
}
