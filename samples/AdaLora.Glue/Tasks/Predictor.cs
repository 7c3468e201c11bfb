using AdaLora.Experiments.Tasks;
using AdaLora.Processes;
using AdaLora.Training.Data;
using AdaLora.Transformers.Heads;
using static TorchSharp.torch;

namespace AdaLora.Glue.Tasks;

/// <summary>Runs a classifier over a split.</summary>
/// <param name="model">The classifier.</param>
/// <param name="examples">The split.</param>
/// <param name="group">The processes that deal it out among themselves, batch by batch; each gets the whole result. This one alone if null.</param>
internal sealed class Predictor(SequenceClassifier model, EncodedExamples examples, IProcessGroup? group = null)
{
    private const int BatchSize = 64;

    private readonly IProcessGroup _group = group ?? ProcessGroup.Single;

    private int Width => examples.Labels.Count == 0 ? 1 : examples.Labels[0].Length;

    /// <summary>The correct predictions.</summary>
    public IReadOnlyList<double[]> Labels => examples.Labels;

    /// <summary>A prediction per example, which is of the same form as its label, and the mean task loss.</summary>
    public (IReadOnlyList<double[]> Predictions, double Loss) Run()
    {
        using var noGrad = no_grad();
        var predictions = new List<double[]>(examples.Count);
        var loss = 0.0;
        foreach (var numbers in DealtBatches.Compute(_group, PrefetchedBatches.Of(examples.InOrder(BatchSize)), Numbers))
        {
            loss += numbers[0];
            predictions.AddRange(numbers.Skip(1).Chunk(Width));
        }

        return (predictions, loss / Math.Max(1, examples.Count));
    }

    // The loss of a batch, times its examples, then its predictions.
    private double[] Numbers(ExampleBatch batch)
    {
        using var scope = NewDisposeScope();
        var logits = batch.Logits(model);
        // A class that is as likely as not is predicted.
        var values = Width > 1 ? logits.signbit().logical_not() : model.Labels == 1 ? logits.view(-1) : logits.argmax(1);
        return [batch.Loss(model, logits).item<float>() * batch.Labels.Count, .. values.to(ScalarType.Float64).cpu().data<double>().ToArray()];
    }
}
