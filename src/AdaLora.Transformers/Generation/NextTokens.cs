using AdaLora.Transformers.Layers;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Generation;

/// <summary>What scores the next tokens of a batch: a model, and what it has read besides the batch.</summary>
internal abstract class NextTokens : IDisposable
{
    /// <summary>Where the model is.</summary>
    public abstract Device Device { get; }

    /// <summary>The number of tokens up to which cached keys were made with other angles than beyond, so that all of them must be computed again there; null if there is none.</summary>
    public virtual long? AnglesChangeAfter => null;

    /// <summary>Scores the words that follow the last token of each row, after tokens which continue those of a cache; adds these tokens to it.</summary>
    /// <param name="ids">Token ids, int64, batch x length.</param>
    /// <param name="mask">1 for real tokens and 0 for padding, batch x (cached + length); null if there is no padding.</param>
    /// <param name="cache">The keys and values of the preceding tokens.</param>
    /// <returns>Logits, batch x vocabulary size, in single precision.</returns>
    public abstract Tensor Score(Tensor ids, Tensor? mask, KeyValueCache cache);

    /// <summary>Goes on with these rows, in this order; each as often as it is named.</summary>
    public virtual void Keep(IReadOnlyList<int> rows)
    {
    }

    public virtual void Dispose()
    {
    }
}
