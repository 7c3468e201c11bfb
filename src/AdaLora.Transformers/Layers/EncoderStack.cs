using AdaLora.Transformers.Configuration;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>Layers with self-attention, one after another, over hidden states as rows.</summary>
internal sealed class EncoderStack : Module<Tensor, PackedTokens, Tensor>
{
    [ComponentName(Name = "layer")]
    private readonly ModuleList<Module<Tensor, PackedTokens, Tensor>> _layers;

    public EncoderStack(EncoderConfig config, Func<Module<Tensor, PackedTokens, Tensor>> createLayer)
        : base(nameof(EncoderStack))
    {
        _layers = ModuleList(Enumerable.Range(0, config.Layers).Select(_ => createLayer()).ToArray());
        RegisterComponents();
    }

    public override Tensor forward(Tensor embedded, PackedTokens rows) => Encode(embedded, rows, null);

    /// <summary>
    /// Runs the layers; <paramref name="trace"/> receives what goes into the first layer and what comes out of each, batch x length x hidden size, in tensors that belong to no scope.
    /// </summary>
    /// <returns>Rows x hidden size; only the first tokens' if they suffice.</returns>
    public Tensor Encode(Tensor embedded, PackedTokens rows, List<Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        Action<Tensor>? add = trace is null ? null : states => trace.Add(rows.ToTexts(states).DetachFromDisposeScope());
        var states = LayerSequence.Run(_layers, embedded, layer => layer == _layers.Count - 1 ? rows.AtLastLayer() : rows, add);
        add?.Invoke(states);
        return states.MoveToOuterDisposeScope();
    }
}
