using AdaLora.Experiments.Tasks;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Glue.Tasks;

/// <summary>A split of a task as token ids, tokenized once and in parallel.</summary>
internal sealed class EncodedExamples
{
    private readonly TextTokenizer _tokenizer;
    private readonly TokenizedText[] _texts;
    private readonly double[][] _labels;

    private EncodedExamples(TextTokenizer tokenizer, TokenizedText[] texts, double[][] labels) => (_tokenizer, _texts, _labels) = (tokenizer, texts, labels);

    public int Count => _texts.Length;

    /// <summary>The label of each example: <see cref="GlueTask.LabelWidth"/> numbers.</summary>
    public IReadOnlyList<double[]> Labels => _labels;

    public static EncodedExamples Create(
        GlueTask task, IReadOnlyList<GlueExample> examples, TextTokenizer tokenizer, int maxLength, IProgress<int>? progress = null, CancellationToken cancellationToken = default) => new(
        tokenizer,
        tokenizer.EncodeAll([.. examples.Select(e => (e.Text, e.Pair))], maxLength, progress: progress, cancellation: cancellationToken),
        [.. examples.Select(e => LabelOf(task, e))]);

    /// <summary>Reads and tokenizes one file of a task, or the first examples of it.</summary>
    public static EncodedExamples Read(GlueExamples source, GlueSplit split, GluePart part, TextTokenizer tokenizer, TaskInputs inputs)
    {
        var (task, examples) = (source.Task, source.Read(split, part));
        var count = Math.Min(inputs.Limit ?? int.MaxValue, examples.Count);
        var progress = new TokenizingBridge(inputs.Reporter, $"{task.Name} {split.ToString().ToLowerInvariant()}{part.FileSuffix}", count);
        return Create(task, [.. examples.Take(count)], tokenizer, inputs.MaxLength, progress, inputs.Cancellation);
    }

    /// <summary>Some of the examples.</summary>
    public EncodedExamples Of(IReadOnlyList<int> rows) => new(_tokenizer, [.. rows.Select(r => _texts[r])], [.. rows.Select(r => _labels[r])]);

    /// <summary>Tokens of an example.</summary>
    public int LengthOf(int row) => _texts[row].Ids.Count;

    /// <summary>A batch of these rows, padded to its longest text.</summary>
    public ExampleBatch Batch(IReadOnlyList<int> rows) => new(_tokenizer.Pad([.. rows.Select(r => _texts[r])]), [.. rows.Select(r => _labels[r])]);

    public IEnumerable<ExampleBatch> InOrder(int batchSize) => Enumerable.Range(0, Count).Chunk(batchSize).Select(Batch);

    private static double[] LabelOf(GlueTask task, GlueExample example) =>
        task.HasSeveralLabels ? [.. Enumerable.Range(0, task.LabelWidth).Select(number => example.Classes.Contains(number) ? 1.0 : 0)] : [example.Label ?? double.NaN];
}
