using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Glue.Demo;
using AdaLora.Glue.Tasks;
using AdaLora.Transformers;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AdaLora.Glue.Tests.Methods;

/// <summary>What the methods without adapters train of a classifier.</summary>
public sealed class TrainedPartsTests : IDisposable
{
    private readonly SequenceClassifier _model = AutoModel.SequenceClassifier(DemoDefaults.EncoderFolder, 2, new PretrainedOptions { Seed = 1, NewHead = true });

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Bitfit_trains_biases_and_the_head()
    {
        var trained = TrainedBy(TrainingMethods.BitFit);

        Assert.Contains("classifier.weight", trained);
        Assert.Contains("bert.encoder.layer.0.attention.self.query.bias", trained);
        Assert.Contains("bert.encoder.layer.0.output.LayerNorm.bias", trained);
        Assert.All(trained.Where(name => name.StartsWith("bert.", StringComparison.Ordinal)), name => Assert.EndsWith(".bias", name, StringComparison.Ordinal));
        Assert.Equal(Names().Where(name => name.EndsWith(".bias", StringComparison.Ordinal)).Append("classifier.weight").Order(), trained.Order());
    }

    [Fact]
    public void Frozen_trains_the_head_alone() => Assert.Equal(["classifier.bias", "classifier.weight"], TrainedBy(TrainingMethods.Frozen).Order());

    [Fact]
    public void Full_trains_everything() => Assert.Equal(Names(), TrainedBy(TrainingMethods.Full));

    private IEnumerable<string> Names() => _model.named_parameters().Select(p => p.name);

    private List<string> TrainedBy(TrainingMethod method)
    {
        var settings = RunSettings.Of(GlueTasks.Find("cola"), method);
        using var prepared = method.Attach(BaseModel.Of(_model), settings, NullLogger.Instance);
        return [.. _model.named_parameters().Where(p => p.parameter.requires_grad).Select(p => p.name)];
    }
}
