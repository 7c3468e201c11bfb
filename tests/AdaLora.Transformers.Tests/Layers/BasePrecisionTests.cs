using System.Globalization;
using AdaLora.Adapters.FrozenWeights;
using AdaLora.Targeting;
using AdaLora.TestSupport;
using AdaLora.Transformers.Tests.Families;
using AdaLora.Transformers.Tokenization;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Layers;

/// <summary>What the precision of the frozen weights does to a real encoder: the states of recorded texts.</summary>
public sealed class BasePrecisionTests
{
    [Theory]
    [InlineData("AsLoaded", 1e-6)]
    [InlineData("BFloat16", 0.02)]
    [InlineData("Int8", 0.03)]
    public void A_real_encoder_gives_nearly_the_same_states(string name, double error)
    {
        var precision = new[] { BasePrecision.AsLoaded, BasePrecision.BFloat16, BasePrecision.Int8 }.Single(p => p.Name == name);
        var goldens = TestMaterial.RequireGolden("models", "minilm");
        var folder = TestMaterial.RequireShared("models", "all-MiniLM-L6-v2");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var encoder = AutoModel.Encoder(folder);
        encoder.eval();
        var tokenizer = TextTokenizer.FromFolder(folder);
        var texts = EncoderGolden.Read(Path.Combine(goldens, "texts.json")).EnumerateArray()
            .Select(t => tokenizer.Encode(t.GetProperty("text").GetString()!, t.GetProperty("pair").GetString())).ToList();
        var (ids, mask, types) = tokenizer.Pad(texts).ToTensors();
        var real = mask.to(ScalarType.Bool);
        var expected = encoder.call(ids, mask, types)[real];
        using var adapted = AdaLoraModel.Attach(encoder, new AdaLoraOptions { Targets = TargetModules.AllLinear, BasePrecision = precision });

        var states = encoder.call(ids, mask, types)[real];
        var actual = ((states - expected).norm() / expected.norm()).item<float>();

        TestContext.Current.SendDiagnosticMessage(string.Create(CultureInfo.InvariantCulture, $"{name}: states off by {actual:G3} of their norm"));
        Assert.InRange(actual, 0, error);
    }
}
