using AdaLora.Transformers.Tokenization;

namespace AdaLora.Glue;

/// <summary>A split of a task as token ids, tokenized once and in parallel.</summary>
internal sealed class EncodedExamples
{
    private readonly TextTokenizer _tokenizer;
    private readonly TokenizedText[] _texts;
    private readonly double[] _labels;

    private EncodedExamples(TextTokenizer tokenizer, TokenizedText[] texts, double[] labels) => (_tokenizer, _texts, _labels) = (tokenizer, texts, labels);

    public int Count => _texts.Length;

    public IReadOnlyList<double> Labels => _labels;

    public static EncodedExamples Create(
        IReadOnlyList<GlueExample> examples, TextTokenizer tokenizer, int maxLength, IProgress<int>? progress = null, CancellationToken cancellationToken = default) => new(
        tokenizer,
        tokenizer.EncodeAll([.. examples.Select(e => (e.Text, e.Pair))], maxLength, progress: progress, cancellation: cancellationToken),
        [.. examples.Select(e => e.Label ?? double.NaN)]);

    /// <summary>Reads and tokenizes one file of a run's task, or the first examples of it.</summary>
    public static EncodedExamples Read(
        TrainSettings settings, GlueSplit split, GluePart part, TextTokenizer tokenizer, IRunReporter reporter, CancellationToken cancellationToken)
    {
        var examples = GlueReader.Read(settings.Data, settings.Task, split, part, reporter.Note);
        var count = Math.Min(settings.Limit ?? int.MaxValue, examples.Count);
        var progress = new TokenizingBridge(reporter, $"{settings.Task.Name} {split.ToString().ToLowerInvariant()}{part.FileSuffix}", count);
        return Create([.. examples.Take(count)], tokenizer, settings.MaxLength, progress, cancellationToken);
    }

    /// <summary>Tokens of an example.</summary>
    public int LengthOf(int row) => _texts[row].Ids.Count;

    /// <summary>Batches of these rows, each padded to its longest text.</summary>
    public IEnumerable<ExampleBatch> Batches(IEnumerable<int[]> batches) =>
        batches.Select(rows => new ExampleBatch(_tokenizer.Pad([.. rows.Select(r => _texts[r])]), [.. rows.Select(r => _labels[r])]));

    public IEnumerable<ExampleBatch> InOrder(int batchSize) => Batches(Enumerable.Range(0, Count).Chunk(batchSize));
}
