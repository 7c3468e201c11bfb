using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Glue.Demo;
using AdaLora.Glue.Tasks;
using AdaLora.Transformers;
using AdaLora.Transformers.Loading;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Glue.Tests.Methods;

/// <summary>The option for a scale of alpha / sqrt(rank), in every method that has alpha.</summary>
public sealed class RankStabilizedTests
{
    private const double Alpha = 3;

    /// <summary>It is the same as an alpha that is greater by the root of the rank that a method starts with.</summary>
    [Theory]
    [InlineData("adalora", 9)]
    [InlineData("svd-lora", 4)]
    [InlineData("lora", 4)]
    [InlineData("prune-lora", 9)]
    public void The_scale_is_alpha_by_the_root_of_the_rank(string method, int rank)
    {
        var stabilized = Logits(method, Alpha, isStabilized: true);

        Assert.All(stabilized.Zip(Logits(method, Alpha * Math.Sqrt(rank), isStabilized: false)), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        Assert.NotEqual(stabilized, Logits(method, Alpha, isStabilized: false), (a, b) => Math.Abs(a - b) < 1e-2);
    }

    private static double[] Logits(string method, double alpha, bool isStabilized)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = AutoModel.SequenceClassifier(DemoDefaults.EncoderFolder, 2, new PretrainedOptions { Seed = 1, NewHead = true });
        var settings = RunSettings.Of(GlueTasks.Find("cola"), GlueTasks.Catalog.FindMethod(method))
            .With(RunOptions.InitialRank, 9).With(RunOptions.TargetRank, 4).With(RunOptions.Alpha, alpha).With(RunOptions.RankStabilized, isStabilized);
        using var attachment = settings.Method.Attach(BaseModel.Of(model), settings, NullLogger.Instance);
        manual_seed(5).Dispose();
        foreach (var parameter in model.parameters().Where(parameter => parameter.requires_grad))
            parameter.normal_(0, 0.2);
        model.eval();
        return model.call(ones([2, 8], ScalarType.Int64), null, null).to(ScalarType.Float64).data<double>().ToArray();
    }
}
