using System.Runtime.InteropServices;
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

    /// <summary>The correct predictions.</summary>
    public IReadOnlyList<double> Labels => examples.Labels;

    /// <summary>One prediction per example (a class number, or a score), and the mean task loss.</summary>
    public (double[] Predictions, double Loss) Run()
    {
        // One row per batch of this process: the loss of the batch, then its predictions.
        var own = new List<double>();
        using var noGrad = no_grad();
        foreach (var (number, batch) in PrefetchedBatches.Of(examples.InOrder(BatchSize)).Index())
        {
            if (number % _group.Size != _group.Rank)
                continue;
            using var scope = NewDisposeScope();
            var logits = batch.Logits(model);
            own.Add(batch.Loss(model, logits).item<float>() * batch.Labels.Count);
            var values = model.Labels == 1 ? logits.view(-1) : logits.argmax(1);
            own.AddRange(values.to(ScalarType.Float64).cpu().data<double>().ToArray());
        }

        var all = _group.AllGather(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(own)).ToArray()).Select(bytes => new Queue<double>(MemoryMarshal.Cast<byte, double>(bytes).ToArray())).ToList();
        var predictions = new List<double>(examples.Count);
        var loss = 0.0;
        for (var number = 0; predictions.Count < examples.Count; number++)
        {
            var dealt = all[number % _group.Size];
            loss += dealt.Dequeue();
            predictions.AddRange(Enumerable.Range(0, Math.Min(BatchSize, examples.Count - predictions.Count)).Select(_ => dealt.Dequeue()));
        }

        return ([.. predictions], loss / Math.Max(1, examples.Count));
    }
}
