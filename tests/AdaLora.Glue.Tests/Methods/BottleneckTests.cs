using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Glue.Demo;
using AdaLora.Glue.Tasks;
using AdaLora.Transformers;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Glue.Tests.Methods;

public sealed class BottleneckTests : IDisposable
{
    private const int Width = 5;
    private readonly SequenceClassifier _model = AutoModel.SequenceClassifier(DemoDefaults.EncoderFolder, 2, new PretrainedOptions { Seed = 1, NewHead = true });

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData("houlsby", 2, 3)]
    [InlineData("pfeiffer", 1, 3)]
    [InlineData("houlsby", 2, 1, 2)]
    public void Adapters_and_head_are_trained_and_nothing_else(string method, int perLayer, int layers, params int[] chosen)
    {
        using var prepared = Prepare(method, chosen);
        var size = _model.Encoder.Config.HiddenSize;
        var trained = _model.named_parameters().Where(p => p.parameter.requires_grad).Select(p => p.name).ToList();

        Assert.Equal((perLayer * layers * ((2 * size * Width) + size + Width)) + (2 * size) + 2, prepared.TrainableParameters);
        Assert.All(trained, name => Assert.True(name.Contains(".adapter_", StringComparison.Ordinal) || name.StartsWith("classifier.", StringComparison.Ordinal), name));
        Assert.Equal((perLayer * layers * 4) + 2, trained.Count);
        Assert.All(chosen, layer => Assert.Contains(trained, name => name.Contains($".layer.{layer}.", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_model_starts_as_its_base_model_and_is_it_again_afterwards()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var ids = tensor(new long[] { 2, 7, 9, 3 }).unsqueeze(0);
        var before = _model.call(ids, null, null);
        using (Prepare("houlsby"))
        {
            Assert.True(before.eq(_model.call(ids, null, null)).all().item<bool>());
            foreach (var (name, parameter) in _model.named_parameters().Where(p => p.name.Contains("adapter_up", StringComparison.Ordinal)))
                _ = parameter.fill_(0.5);
            Assert.False(before.eq(_model.call(ids, null, null)).all().item<bool>());
        }

        Assert.True(before.eq(_model.call(ids, null, null)).all().item<bool>());
    }

    private MethodAttachment Prepare(string method, params int[] layers)
    {
        var settings = RunSettings.Of(GlueTasks.Find("cola"), GlueTasks.Catalog.FindMethod(method)).With(RunOptions.Bottleneck, Width).With(RunOptions.Layers, layers);
        return settings.Method.Attach(BaseModel.Of(_model), settings, NullLogger.Instance);
    }
}
