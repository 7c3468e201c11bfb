using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>Self-attention of any kind, with or without a prefix.</summary>
/// <typeparam name="TContext">What the attention takes besides hidden states.</typeparam>
internal abstract class PrefixableAttention<TContext>(string name) : Module<Tensor, TContext, Tensor>(name), IPrefixable
{
    private AttentionPrefix? _prefix;

    /// <inheritdoc/>
    public AttentionPrefix? Prefix
    {
        get => _prefix;
        set
        {
            // Null removes the previous one.
            register_module("prefix", value!);
            _prefix = value;
        }
    }
}
