using AdaLora.Summarization.Data;
using AdaLora.Training.Data;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tokenization;
using static TorchSharp.torch;

namespace AdaLora.Summarization.Tasks;

/// <summary>Some documents as plain arrays, and what a model computes of them.</summary>
/// <param name="tokens">The texts, padded.</param>
/// <param name="texts">The texts without padding.</param>
/// <param name="summaries">The summaries.</param>
internal sealed class DocumentBatch(TokenBatch tokens, IReadOnlyList<IReadOnlyList<int>> texts, IReadOnlyList<IReadOnlyList<int>> summaries)
{
    public IReadOnlyList<IReadOnlyList<int>> Texts => texts;

    public BatchSize Size => new(summaries.Count, tokens.AttentionMask.Sum() + LabelCount);

    /// <summary>The tokens that the loss is the mean of.</summary>
    public int LabelCount => summaries.Sum(summary => summary.Count);

    public Tensor Loss(Seq2SeqLM model, double labelSmoothing = 0)
    {
        using var scope = NewDisposeScope();
        var (ids, mask, _) = tokens.ToTensorsFor(model);
        return model.Loss(ids, mask, new PaddedRows(summaries, Seq2SeqLM.IgnoredLabel).Ids(ids.device), labelSmoothing).MoveToOuterDisposeScope();
    }
}
