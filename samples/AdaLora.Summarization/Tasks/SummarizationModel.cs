using System.Text.Json.Nodes;
using AdaLora.Experiments.Tasks;
using AdaLora.Summarization.Scores;
using AdaLora.Training.Data;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Heads;
using static TorchSharp.torch;

namespace AdaLora.Summarization.Tasks;

/// <summary>A model that writes summaries.</summary>
internal sealed class SummarizationModel(SummarizationData data, Seq2SeqLM model) : ITaskModel
{
    private const int BatchSize = 16;

    public BaseModel Base { get; } = BaseModel.Of(model);

    public TaskBatch Encode(IReadOnlyList<int> examples)
    {
        var batch = data.Training.Batch(examples);
        var smoothing = data.Options.Get(SummarizationOptions.LabelSmoothing);
        return new TaskBatch(batch.Size, () => batch.Loss(model, smoothing));
    }

    public TaskScores Evaluate() => Evaluate(data.Dev);

    public TaskScores Evaluate(IReadOnlyList<int> examples) => Evaluate(data.Training.Of(examples));

    public IEnumerable<JsonObject> Predict(IEnumerable<IReadOnlyList<string>> inputs)
    {
        model.eval();
        foreach (var texts in inputs.Select(input => input[0]).Chunk(BatchSize))
        {
            foreach (var summary in Write(data.EncodeTexts(texts)))
                yield return new JsonObject { ["summary"] = Decode(summary) };
        }
    }

    public void SaveCheckpoint(string folder) => model.SaveCheckpoint(folder, data.Checkpoint);

    public void Dispose() => model.Dispose();

    private GenerationOptions Options => model.Generation with
    {
        MaxLength = null,
        MaxNewTokens = data.Options.Get(SummarizationOptions.MaxTargetLength),
        MinLength = data.Options.Get(SummarizationOptions.MinTargetLength),
        MinNewTokens = 0,
        Beams = data.Options.Get(SummarizationOptions.Beams),
        LengthPenalty = data.Options.Get(SummarizationOptions.LengthPenalty),
        NoRepeatNgramSize = data.Options.Get(SummarizationOptions.NoRepeatNgrams),
        EarlyStopping = EarlyStopping.WhenEnough,
        Returned = 1,
        Samples = false,
    };

    private TaskScores Evaluate(EncodedDocuments documents)
    {
        var wasTraining = model.training;
        model.eval();
        using var noGrad = no_grad();
        // Of about equal length within a batch: less padding.
        var order = Enumerable.Range(0, documents.Count).OrderBy(documents.TextLengthOf).ToList();
        var batches = order.Chunk(BatchSize).Select(documents.Batch);
        var summaries = new string[documents.Count];
        var (loss, tokens) = (0.0, 0.0);
        foreach (var (numbers, rows) in DealtBatches.Compute(data.Group, PrefetchedBatches.Of(batches), Score).Zip(order.Chunk(BatchSize)))
        {
            (loss, tokens) = (loss + (numbers[0] * numbers[1]), tokens + numbers[1]);
            var next = 2;
            foreach (var row in rows)
            {
                var count = (int)numbers[next++];
                summaries[row] = Decode([.. numbers.Skip(next).Take(count).Select(id => (int)id)]);
                next += count;
            }
        }

        model.train(wasTraining);
        var scores = new SummaryScores(data.RougeTokens, documents.Documents, summaries);
        return new TaskScores(scores.Metrics(), loss / Math.Max(1, tokens)) { Files = scores.Files() };
    }

    // The mean loss and the number of tokens that it is of; then, for each text, the length and the tokens of its summary.
    private double[] Score(DocumentBatch batch)
    {
        using var scope = NewDisposeScope();
        return [batch.Loss(model).to(ScalarType.Float64).item<double>(), batch.LabelCount, .. Write(batch.Texts).SelectMany(ids => ids.Select(id => (double)id).Prepend(ids.Count))];
    }

    private IReadOnlyList<IReadOnlyList<int>> Write(IReadOnlyList<IReadOnlyList<int>> texts) => [.. new TextGenerator(model, Options).Generate(texts).Select(text => text.Ids)];

    private string Decode(IReadOnlyList<int> ids) => data.Tokenizer.Decode(ids, skipSpecialTokens: true).Trim();
}
