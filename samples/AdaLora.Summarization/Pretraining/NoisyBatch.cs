using AdaLora.Summarization.Data;
using AdaLora.Training.Data;
using AdaLora.Transformers.Heads;
using static TorchSharp.torch;

namespace AdaLora.Summarization.Pretraining;

/// <summary>Pieces of text with and without noise.</summary>
/// <param name="noisy">What the model reads.</param>
/// <param name="whole">What it writes.</param>
/// <param name="paddingId">The id of padding.</param>
internal sealed class NoisyBatch(IReadOnlyList<IReadOnlyList<int>> noisy, IReadOnlyList<IReadOnlyList<int>> whole, int paddingId)
{
    public BatchSize Size => new(whole.Count, whole.Sum(piece => piece.Count));

    public Tensor Loss(Seq2SeqLM model)
    {
        using var scope = NewDisposeScope();
        var source = new PaddedRows(noisy, paddingId);
        return model.Loss(source.Ids(CPU), source.Mask(CPU), new PaddedRows(whole, Seq2SeqLM.IgnoredLabel).Ids(CPU)).MoveToOuterDisposeScope();
    }
}
