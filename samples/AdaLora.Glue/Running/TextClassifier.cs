using static TorchSharp.torch;

namespace AdaLora.Glue;

/// <summary>Asks a trained classifier about texts.</summary>
internal sealed class TextClassifier(TrainedClassifier trained, int maxLength)
{
    private const int BatchSize = 64;

    /// <summary>Class probabilities in the order of the task's classes, or one score, per text in order; read lazily, a batch at a time.</summary>
    public IEnumerable<(GlueExample Text, double[] Scores)> Classify(IEnumerable<GlueExample> texts) =>
        texts.Chunk(BatchSize).SelectMany(batch => batch.Zip(Scores(batch)));

    private double[][] Scores(GlueExample[] texts)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var batch = EncodedExamples.Create(texts, trained.Tokenizer, maxLength).InOrder(texts.Length).Single();
        var logits = BatchTensors.Logits(trained.Model, batch).to(ScalarType.Float64);
        var scores = trained.Task.IsRegression ? logits : logits.softmax(-1);
        return [.. scores.cpu().contiguous().data<double>().ToArray().Chunk(trained.Task.LabelCount)];
    }
}
