using System.Text.Json.Nodes;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Tasks;
using AdaLora.Transformers.Heads;
using static TorchSharp.torch;

namespace AdaLora.Glue.Tasks;

/// <summary>A classifier for a GLUE task.</summary>
internal sealed class GlueModel(GlueData data, SequenceClassifier classifier) : ITaskModel
{
    private const int BatchSize = 64;

    public SequenceClassifier Classifier => classifier;

    public BaseModel Base { get; } = BaseModel.Of(classifier);

    public TaskBatch Encode(IReadOnlyList<int> examples)
    {
        var batch = data.Training.Batch(examples);
        return new TaskBatch(batch.Size, () => batch.Loss(classifier));
    }

    /// <summary>Computes the official metrics on the dev set, or on each of the two that a task has; the loss is that of the part that counts.</summary>
    public TaskScores Evaluate() => Evaluate(data.Task.Parts.Zip(data.Dev));

    public TaskScores Evaluate(IReadOnlyList<int> examples) => Evaluate([(data.Task.Parts[0], data.Training.Of(examples))]);

    public IEnumerable<JsonObject> Predict(IEnumerable<IReadOnlyList<string>> inputs) =>
        Classify(inputs.Select(texts => new GlueExample(texts[0], texts.ElementAtOrDefault(1), null))).Select(answer => Describe(answer.Text, answer.Scores));

    /// <summary>Class probabilities in the order of the task's classes, or one score, per text in order; read lazily, a batch at a time.</summary>
    public IEnumerable<(GlueExample Text, double[] Scores)> Classify(IEnumerable<GlueExample> texts) =>
        texts.Chunk(BatchSize).SelectMany(batch => batch.Zip(Scores(batch)));

    public void SaveCheckpoint(string folder)
    {
        if (!data.Task.IsRegression)
            classifier.NameClasses(data.Task.ClassNames);
        classifier.SaveCheckpoint(folder, data.Checkpoint);
        if (data.Task.HasSeveralLabels)
            NoteSeveralLabels(Path.Combine(folder, "config.json"));
    }

    public void Dispose() => classifier.Dispose();

    private TaskScores Evaluate(IEnumerable<(GluePart Part, EncodedExamples Examples)> sets)
    {
        var metrics = new OrderedDictionary<string, double?>();
        var losses = new List<double>();
        foreach (var (part, examples) in sets)
        {
            var (predictions, loss) = new Predictor(classifier, examples, data.Group).Run();
            losses.Add(loss);
            foreach (var (name, value) in TaskMetrics.Compute(data.Task, predictions, examples.Labels))
                metrics.Add(name + part.MetricSuffix, value);
        }

        return new TaskScores(metrics, losses[0]);
    }

    // What readers of the checkpoint compute losses and probabilities by.
    private static void NoteSeveralLabels(string path)
    {
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config["problem_type"] = "multi_label_classification";
        OutputFile.WriteText(path, config.ToJsonString(ReportJson.Options) + "\n");
    }

    private double[][] Scores(GlueExample[] texts)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var batch = EncodedExamples.Create(data.Task, texts, data.Tokenizer, data.MaxLength).InOrder(texts.Length).Single();
        var logits = batch.Logits(classifier).to(ScalarType.Float64);
        var scores = data.Task.IsRegression ? logits : data.Task.HasSeveralLabels ? logits.sigmoid() : logits.softmax(-1);
        return [.. scores.cpu().contiguous().data<double>().ToArray().Chunk(data.Task.LabelCount)];
    }

    private JsonObject Describe(GlueExample example, double[] scores)
    {
        var answer = new JsonObject { ["text"] = example.Text };
        if (example.Pair is not null)
            answer["pair"] = example.Pair;
        if (data.Task.IsRegression)
        {
            answer["score"] = scores[0];
            return answer;
        }

        if (data.Task.HasSeveralLabels)
            answer["labels"] = new JsonArray([.. data.Task.ClassNames.Where((_, number) => scores[number] >= 0.5).Select(name => (JsonNode)name)]);
        else
            answer["label"] = data.Task.ClassNames[scores.IndexOf(scores.Max())];
        answer["scores"] = new JsonObject(data.Task.ClassNames.Zip(scores, (name, score) => KeyValuePair.Create(name, (JsonNode?)score)));
        return answer;
    }
}
