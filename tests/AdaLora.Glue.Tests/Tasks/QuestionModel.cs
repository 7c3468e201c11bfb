using System.Text.Json.Nodes;
using AdaLora.Experiments.Tasks;
using AdaLora.Training.Data;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tokenization;
using static TorchSharp.torch;

namespace AdaLora.Glue.Tests.Tasks;

/// <summary>A model that scores every token as the first and as the last of an answer.</summary>
internal sealed class QuestionModel(QuestionData data, QuestionAnswerer model) : ITaskModel
{
    public BaseModel Base { get; } = BaseModel.Of(model);

    public TaskBatch Encode(IReadOnlyList<int> examples) => Encode([.. examples.Select(example => data[example])]);

    public TaskScores Evaluate() => Evaluate(data.Dev);

    public TaskScores Evaluate(IReadOnlyList<int> examples) => Evaluate([.. examples.Select(example => data[example])]);

    private TaskScores Evaluate(IReadOnlyList<(TokenizedText Text, int Start, int End)> examples)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var pairs = examples.Select(example => (First: Find(example.Text), Second: example)).ToList();
        var metrics = new OrderedDictionary<string, double?>
        {
            [QuestionTask.ExactMatch] = pairs.Average(pair => pair.First == (pair.Second.Start, pair.Second.End) ? 1.0 : 0),
            [QuestionTask.F1] = pairs.Average(pair => F1(pair.First, (pair.Second.Start, pair.Second.End))),
        };
        return new TaskScores(metrics, Encode(examples).Loss().item<float>());
    }

    public IEnumerable<JsonObject> Predict(IEnumerable<IReadOnlyList<string>> inputs)
    {
        foreach (var input in inputs)
        {
            using var noGrad = no_grad();
            var text = data.Encode(input[0], input[1]);
            var (start, end) = Find(text);
            // Every word of the demo's language is one token.
            var words = input[1].Split(' ').Skip(start - data.Tokenizer.Encode(input[0]).Length).Take(end - start + 1);
            yield return new JsonObject { ["question"] = input[0], ["answer"] = string.Join(' ', words) };
        }
    }

    public void SaveCheckpoint(string folder) => model.SaveCheckpoint(folder);

    public void Dispose() => model.Dispose();

    private TaskBatch Encode(IReadOnlyList<(TokenizedText Text, int Start, int End)> examples)
    {
        var tokens = data.Tokenizer.Pad([.. examples.Select(example => example.Text)]);
        return new TaskBatch(new BatchSize(examples.Count, tokens.AttentionMask.Sum()), () =>
        {
            using var scope = NewDisposeScope();
            var starts = tensor(examples.Select(example => (long)example.Start).ToArray());
            var ends = tensor(examples.Select(example => (long)example.End).ToArray());
            return model.Loss(Logits(tokens), starts, ends).MoveToOuterDisposeScope();
        });
    }

    private Tensor Logits(TokenBatch tokens)
    {
        var (ids, mask, types) = tokens.ToTensorsFor(model);
        return model.call(ids, mask, types);
    }

    private (int Start, int End) Find(TokenizedText text)
    {
        using var scope = NewDisposeScope();
        var places = Logits(data.Tokenizer.Pad([text])).argmax(1);
        return ((int)places[0, 0].item<long>(), (int)places[0, 1].item<long>());
    }

    private static double F1((int Start, int End) found, (int Start, int End) right)
    {
        var shared = Math.Max(0, Math.Min(found.End, right.End) - Math.Max(found.Start, right.Start) + 1);
        return 2.0 * shared / (Math.Max(0, found.End - found.Start + 1) + (right.End - right.Start + 1));
    }
}
