using AdaLora.Experiments.Runs;
using AdaLora.Glue.Tasks;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Benchmarks;

/// <summary>
/// What many processes would bring, computed instead of measured. A step of N processes with a batch each takes as long as the longest of its batches, whose work is counted in tokens, and the
/// exchange of the gradients after it: 2 (N - 1) / N x bytes / bandwidth + 2 log2(N) x latency, as in a ring with a tree's latency.
/// </summary>
internal static class ProcessProjection
{
    private const int Epochs = 4;

    /// <param name="model">The folder of a tokenizer.</param>
    /// <param name="data">The GLUE folder.</param>
    /// <param name="task">Whose training texts to deal out.</param>
    /// <param name="batchSize">Texts of one process in a step.</param>
    /// <param name="batchMilliseconds">What a batch of average length takes.</param>
    /// <param name="megabytes">What is exchanged in a step.</param>
    /// <param name="gigabits">Per second, of the network.</param>
    /// <param name="latencyMicroseconds">Of a message.</param>
    public static BenchmarkTable Run(string model, string data, GlueTask task, int batchSize, double batchMilliseconds, double megabytes, double gigabits, double latencyMicroseconds)
    {
        var texts = GlueReader.Read(data, task, GlueSplit.Train).Select(example => (example.Text, example.Pair)).ToList();
        int[] lengths = [.. TextTokenizer.FromFolder(model).EncodeAll(texts, 128).Select(text => text.Ids.Count)];
        var most = lengths.Length / batchSize;
        var rows = Enumerable.Range(0, 11).Select(power => 1 << power).Where(count => count <= most).Select(count =>
        {
            var exchange = count == 1 ? 0 : (2 * (count - 1.0) / count * megabytes * 8 / gigabits) + (2 * Math.Log2(count) * latencyMicroseconds / 1000);
            var (random, dealt) = (Balance(lengths, batchSize, count, BatchOrder.Random), Balance(lengths, batchSize, count, BatchOrder.EvenBatches));
            return new BenchmarkRow($"{count} {(count == 1 ? "process" : "processes")}",
            [
                Figure.Ratio("balance, random", random), Figure.Ratio("balance, by length", dealt), Figure.Milliseconds("exchange ms", exchange),
                new Figure("times as fast, random", SpeedUp(random), "F1"), new Figure("times as fast, by length", SpeedUp(dealt), "F1"),
            ]);

            double SpeedUp(double balance) => count * batchMilliseconds / ((batchMilliseconds / balance) + exchange);
        });
        return new BenchmarkTable(
            $"{texts.Count} texts of {task.Folder}, {batchSize} of each process in a step, {batchMilliseconds} ms to a batch, {megabytes} MB exchanged over {gigabits} Gbit/s with a latency of {latencyMicroseconds} us",
            [.. rows],
            "Balance is the mean number of tokens in the batches of a step as a part of the greatest. Computed, not measured.");
    }

    private static double Balance(int[] lengths, int batchSize, int count, BatchOrder batching)
    {
        var epochs = new ShuffledEpochs<int>(lengths.Length, example => lengths[example], examples => examples.Sum(example => lengths[example]), batchSize, seed: 1, batching, count);
        var steps = Enumerable.Range(0, Epochs).SelectMany(_ => epochs.ToList()).Chunk(count).Where(step => step.Length == count).ToList();
        return steps.Sum(step => step.Average()) / steps.Sum(step => (double)step.Max());
    }
}
