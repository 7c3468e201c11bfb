using AdaLora.Training.Data;
using AdaLora.Transformers.Heads;
using static TorchSharp.torch;

namespace AdaLora.Glue.Tasks;

/// <summary>Runs a classifier over a split.</summary>
internal sealed class Predictor(SequenceClassifier model, EncodedExamples examples)
{
    private const int BatchSize = 64;

    /// <summary>The correct predictions.</summary>
    public IReadOnlyList<double> Labels => examples.Labels;

    /// <summary>One prediction per example (a class number, or a score), and the mean task loss.</summary>
    public (double[] Predictions, double Loss) Run()
    {
        var predictions = new List<double>(examples.Count);
        var loss = 0.0;
        using var noGrad = no_grad();
        foreach (var batch in PrefetchedBatches.Of(examples.InOrder(BatchSize)))
        {
            using var scope = NewDisposeScope();
            var logits = batch.Logits(model);
            loss += batch.Loss(model, logits).item<float>() * batch.Labels.Count;
            var values = model.Labels == 1 ? logits.view(-1) : logits.argmax(1);
            predictions.AddRange(values.to(ScalarType.Float64).cpu().data<double>().ToArray());
        }

        return ([.. predictions], loss / Math.Max(1, examples.Count));
    }
}
