// Attaches, trains ten steps, saves, exports, merges, loads, and compares what the loaded adapters compute. Ends with 0 if all of it holds.
using AdaLora;
using AdaLora.Allocation;
using AdaLora.Training;
using AdaLora.Transformers;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Heads;
using TorchSharp;
using static TorchSharp.torch;

const int Steps = 10;
var config = new BertConfig { VocabularySize = 50, HiddenSize = 32, Layers = 2, Heads = 2, IntermediateSize = 64, MaxPositions = 16 };
var ids = arange(4, 44, dtype: ScalarType.Int64).view(4, 10);
var labels = tensor(new long[] { 0, 1, 0, 1 });
var folder = Directory.CreateTempSubdirectory().FullName;
var (exported, checkpoint) = (Path.Combine(folder, "lora"), Path.Combine(folder, "checkpoint"));

using SequenceClassifier model = new BertForSequenceClassification(config, 2, seed: 1);
float[] trained;
var losses = new List<double>();
using (var adapted = AdaLoraModel.Attach(model, Options()))
{
    using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = Steps, LearningRate = 1e-2, ReportEvery = 1 });
    var result = trainer.Fit([ids], batch => model.Loss(model.call(batch, null, null), labels));
    losses.AddRange(result.History.Select(report => report.Loss));
    Require(result.Steps == Steps, $"trained {result.Steps} steps");
    Require(losses[^1] < losses[0], $"the loss went from {losses[0]:0.000} to {losses[^1]:0.000}");
    Require(adapted.LiveTriplets == 4 * adapted.Adapters.Count, $"{adapted.LiveTriplets} triplets live in {adapted.Adapters.Count} matrices");
    trained = Logits(model);
    adapted.Save(folder);
    adapted.ExportLora(exported);
    Console.WriteLine(adapted.Report());
    adapted.Detach();
    model.SaveCheckpoint(checkpoint);
}

foreach (var adapter in (string[])[folder, exported])
{
    using var other = AutoModel.SequenceClassifier(checkpoint, 2);
    using var loaded = AdaLoraModel.Load(other, adapter);
    Require(Logits(other).Zip(trained).All(pair => Math.Abs(pair.First - pair.Second) < 1e-5), $"the adapter from {Path.GetFileName(adapter)} computes the same");
}

Directory.Delete(folder, recursive: true);
return 0;

AdaLoraOptions Options() => new() { InitialRank = 6, TargetRank = 4, TrainedModules = ["classifier"], InitialPhase = PhaseLength.Steps(2), FinalPhase = PhaseLength.Steps(3),
    MaskInterval = 1, Seed = 1 };

static float[] Logits(SequenceClassifier model)
{
    using var scope = NewDisposeScope();
    using var noGrad = no_grad();
    model.eval();
    return [.. model.call(arange(4, 44, dtype: ScalarType.Int64).view(4, 10), null, null).data<float>()];
}

static void Require(bool holds, string what)
{
    Console.WriteLine($"{(holds ? "ok" : "FAILED")}: {what}");
    if (!holds)
        Environment.Exit(1);
}
