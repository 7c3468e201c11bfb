using System.Text.Json.Nodes;
using AdaLora.Experiments.Tasks;
using AdaLora.Instruct.Data;
using AdaLora.Training.Data;
using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Texts;
using static TorchSharp.torch;

namespace AdaLora.Instruct.Tasks;

/// <summary>A language model for texts.</summary>
internal sealed class InstructModel(InstructData data, CausalLM model) : ITaskModel
{
    /// <summary>The mean logarithm of the tokens' probabilities: minus the loss, so that more is better.</summary>
    public const string LogLikelihood = "log_likelihood";

    private const int BatchSize = 16;

    public CausalLM Model => model;

    public RowEncoder Encoder => data.Encoder;

    public bool SumsLosses => true;

    public BaseModel Base { get; } = BaseModel.Of(model);

    public TaskBatch Encode(IReadOnlyList<int> examples)
    {
        var rows = RowsOf(data.Training!, examples);
        return new TaskBatch(new BatchSize(examples.Count, rows.Tokens), () => rows.LossOf(model));
    }

    public TaskScores Evaluate() => Evaluate(data.Dev!, Enumerable.Range(0, data.Dev!.Count));

    public TaskScores Evaluate(IReadOnlyList<int> examples) => Evaluate(data.Training!, examples);

    public IEnumerable<JsonObject> Predict(IEnumerable<IReadOnlyList<string>> inputs)
    {
        foreach (var input in inputs)
            yield return new JsonObject { ["prompt"] = input[0], ["completion"] = Complete([Encoder.Prompt(input[0])])[0] };
    }

    public void SaveCheckpoint(string folder) => model.SaveCheckpoint(folder, data.Checkpoint);

    public void Dispose() => model.Dispose();

    private TrainingRows RowsOf(TextSet set, IReadOnlyList<int> examples)
    {
        var texts = examples.Select(example => set[example]).ToList();
        return data.Packs ? TrainingRows.Packed(texts, Math.Max(data.MaxLength, texts.Max(text => text.Length))) : TrainingRows.Padded(texts);
    }

    private TaskScores Evaluate(TextSet set, IEnumerable<int> examples)
    {
        model.eval();
        var rows = examples.OrderBy(set.LengthOf).ToList();
        var (sum, count) = (0.0, 0.0);
        foreach (var batch in rows.Chunk(BatchSize))
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var loss = RowsOf(set, batch).LossOf(model);
            sum += loss.Sum.to(ScalarType.Float64).cpu().item<double>();
            count += loss.Count.to(ScalarType.Float64).cpu().item<double>();
        }

        var mean = sum / count;
        var metrics = new OrderedDictionary<string, double?> { [LogLikelihood] = -mean, ["token_loss"] = mean, ["perplexity"] = Math.Exp(mean) };
        if (data.Generated > 0 && ExactMatch(set, [.. rows.Order().Take(data.Generated)]) is { } match)
            metrics["exact_match"] = match;
        return new TaskScores(metrics, mean);
    }

    // Null if no row has an answer.
    private double? ExactMatch(TextSet set, IReadOnlyList<int> rows)
    {
        var questions = rows.Select(set.Question).OfType<(IReadOnlyList<int> Prompt, string Answer)>().ToList();
        if (questions.Count == 0)
            return null;
        var right = questions.Chunk(BatchSize).Sum(batch => Complete([.. batch.Select(question => question.Prompt)]).Zip(batch).Count(pair => pair.First.Trim() == pair.Second.Answer.Trim()));
        return (double)right / questions.Count;
    }

    private IReadOnlyList<string> Complete(IReadOnlyList<IReadOnlyList<int>> prompts)
    {
        using var noGrad = no_grad();
        var most = Math.Max(1, data.MaxLength - prompts.Max(prompt => prompt.Count));
        var generator = new TextGenerator(model, model.Generation with { Samples = false, Beams = 1, Returned = 1, MaxNewTokens = most });
        return [.. generator.Generate(prompts).Select(text => data.Encoder.Tokenizer.Decode(text.Ids, skipSpecialTokens: true))];
    }
}
