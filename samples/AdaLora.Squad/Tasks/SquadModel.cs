using System.Text.Json.Nodes;
using AdaLora.Experiments.QuestionAnswering;
using AdaLora.Experiments.Tasks;
using AdaLora.Squad.Data;
using AdaLora.Training.Data;
using AdaLora.Transformers.Heads;
using static TorchSharp.torch;

namespace AdaLora.Squad.Tasks;

/// <summary>A model that finds answers.</summary>
internal sealed class SquadModel(SquadData data, QuestionAnswerer model) : ITaskModel
{
    private const int BatchSize = 32;

    public BaseModel Base { get; } = BaseModel.Of(model);

    public TaskBatch Encode(IReadOnlyList<int> examples)
    {
        var batch = Batch([.. examples.Select(example => data.Training.Windows[example])]);
        return new TaskBatch(batch.Size, () => batch.Loss(model));
    }

    public TaskScores Evaluate() => Evaluate(data.Dev);

    public TaskScores Evaluate(IReadOnlyList<int> examples) => Evaluate(data.Training.Of(examples));

    public IEnumerable<JsonObject> Predict(IEnumerable<IReadOnlyList<string>> inputs)
    {
        foreach (var input in inputs)
        {
            var (question, context) = (input[0], input[1]);
            var (scores, _) = Score([.. data.Encoder.Encode(question, context).Select(window => new QuestionWindow(0, window, 0, 0))]);
            yield return Describe(question, context, data.Search.Find(context, scores));
        }
    }

    public void SaveCheckpoint(string folder) => model.SaveCheckpoint(folder, data.Checkpoint);

    public void Dispose() => model.Dispose();

    private TaskScores Evaluate(QuestionSet set)
    {
        var (scores, loss) = Score(set.Windows);
        var windows = set.Windows.Zip(scores).ToLookup(pair => pair.First.Question, pair => pair.Second);
        var found = set.Questions.Select((question, number) => data.Search.Find(question.Passage.Context, [.. windows[number]])).ToList();
        var predictions = new Predictions(set.Questions, found, data.Task.AllowsNone ? data.NullThreshold : null);
        return new TaskScores(predictions.Metrics(), loss) { Files = predictions.Files() };
    }

    // The logits of windows, in order, and the mean loss.
    private (IReadOnlyList<WindowScores> Scores, double Loss) Score(IReadOnlyList<QuestionWindow> windows)
    {
        using var noGrad = no_grad();
        // Of about equal length within a batch: less padding.
        var order = Enumerable.Range(0, windows.Count).OrderBy(i => windows[i].Tokens.Length).ToList();
        var batches = order.Chunk(BatchSize).Select(rows => Batch([.. rows.Select(row => windows[row])]));
        var scores = new WindowScores[windows.Count];
        var loss = 0.0;
        foreach (var (values, rows) in DealtBatches.Compute(data.Group, PrefetchedBatches.Of(batches), batch => batch.Scores(model)).Zip(order.Chunk(BatchSize)))
        {
            loss += values[0] * rows.Length;
            var next = 1;
            foreach (var row in rows)
            {
                var tokens = windows[row].Tokens;
                scores[row] = new WindowScores(
                    [.. tokens.Offsets.Zip(tokens.SequenceIds, (offset, text) => text == 1 ? offset : ((int, int)?)null)],
                    new ArraySegment<double>(values, next, tokens.Length),
                    new ArraySegment<double>(values, next + tokens.Length, tokens.Length));
                next += 2 * tokens.Length;
            }
        }

        return (scores, loss / Math.Max(1, windows.Count));
    }

    private QuestionBatch Batch(IReadOnlyList<QuestionWindow> windows) => new(data.Tokenizer.Pad([.. windows.Select(window => window.Tokens)]), windows);

    private JsonObject Describe(string question, string context, FoundAnswers found)
    {
        var answer = new JsonObject { ["question"] = question };
        var prediction = data.Task.AllowsNone ? found.PredictionAt(data.NullThreshold) : found.BestSpan?.Text ?? "";
        answer["answer"] = prediction;
        if (prediction.Length > 0)
        {
            answer["answer_start"] = CodePointPlaces.FromUnits(context, found.BestSpan!.Place!.Value.Start);
            answer["probability"] = found.BestSpan.Probability;
        }

        if (data.Task.AllowsNone)
            answer["null_odds"] = found.NullOdds;
        return answer;
    }
}
