using AdaLora.Injection;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Heads;

/// <summary>A head that is a product with one matrix and nothing else: scores are Scale · states · Weight' + Bias.</summary>
/// <param name="Weight">Words x hidden size.</param>
internal sealed record WordMatrix(Tensor Weight)
{
    /// <summary>A constant for each word, which is not trained; null for none.</summary>
    public Tensor? Bias { get; init; }

    /// <summary>What states are multiplied by.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>The matrix of a head, or null if its scores may be more than a product, since adapters and hooks add to them.</summary>
    /// <param name="head">The head; null for the word embeddings.</param>
    /// <param name="words">The matrix of word embeddings.</param>
    public static WordMatrix? Of(Module<Tensor, Tensor>? head, Tensor words) => head switch
    {
        null => new WordMatrix(words),
        Linear { bias: null } linear when HookLists.AreEmpty(linear) => new WordMatrix(linear.weight!),
        _ => null,
    };
}
