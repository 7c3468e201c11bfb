using AdaLora.Allocation;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Glue.Demo;
using AdaLora.Glue.Tasks;
using AdaLora.Training;
using AdaLora.Transformers;
using AdaLora.Transformers.Loading;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Glue.Tests.Methods;

/// <summary>Learning rates of parts of the adapters, as the options of a run ask for them.</summary>
public sealed class LoraPlusTests
{
    private const double Rate = 1e-3;

    /// <summary>The first step of AdamW moves every entry by its learning rate.</summary>
    [Theory]
    [InlineData("lora", "lora_B", 16)]
    [InlineData("lora", "classifier.weight", 1)]
    [InlineData("prune-lora", "lora_B", 16)]
    [InlineData("prune-lora", "classifier.weight", 1)]
    [InlineData("adalora", "lora_E", 30)]
    [InlineData("adalora", "classifier.weight", 1)]
    [InlineData("svd-lora", "lora_E", 30)]
    public void Each_part_moves_by_its_own_learning_rate(string method, string part, double factor)
    {
        using var scope = NewDisposeScope();
        using var model = AutoModel.SequenceClassifier(DemoDefaults.EncoderFolder, 2, new PretrainedOptions { Seed = 1, NewHead = true });
        var settings = RunSettings.Of(GlueTasks.Find("cola"), GlueTasks.Catalog.FindMethod(method))
            .With(RunOptions.LoraPlusRatio, 16).With(RunOptions.LambdaRateFactor, 30).With(RunOptions.WeightDecay, 0).With(RunOptions.Dropout, 0);
        using var attachment = settings.Method.Attach(BaseModel.Of(model), settings, NullLogger.Instance);
        using var trainer = attachment.CreateTrainer(
            new TrainerOptions
            {
                TotalSteps = 5,
                LearningRate = Rate,
                WeightDecay = 0,
                Warmup = PhaseLength.Steps(0),
                MaxGradientNorm = null,
                OptimizerFactory = attachment.OptimizerFor(5),
            },
            NullLogger.Instance);
        Dictionary<string, Tensor> before = [];
        using var stop = new CancellationTokenSource();
        _ = trainer.Fit(
            Enumerable.Range(0, 5),
            step =>
            {
                if (step == 0)
                    before = Parts();
                stop.Cancel();
                return model.call(ones([2, 8], ScalarType.Int64), null, null).narrow(1, 0, 1).sum();
            },
            cancellation: stop.Token);
        var moved = Parts().Select(p => (p.Value - before[p.Key]).abs().max().item<float>() / Rate).ToList();

        Assert.NotEmpty(moved);
        Assert.Contains(moved, m => Math.Abs(m - factor) < 1e-2 * factor);
        Assert.All(moved, m => Assert.True(m < factor * 1.01, $"{m}"));

        Dictionary<string, Tensor> Parts() => model.named_parameters().Where(p => p.name.EndsWith(part, StringComparison.Ordinal))
            .ToDictionary(p => p.name, p => p.parameter.detach().clone().DetachFromDisposeScope());
    }
}
