using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Tokenization;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Families.Bert;

/// <summary>A real encoder on real text.</summary>
public sealed class MiniLmTests
{
    private const double Tolerance = 2e-5;

    [Fact]
    public void The_real_encoder_gives_the_recorded_states_from_the_recorded_texts()
    {
        var goldens = TestMaterial.RequireGolden("models", "minilm");
        var folder = TestMaterial.RequireShared("models", "all-MiniLM-L6-v2");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var file = SafetensorsFile.Open(Path.Combine(goldens, "io.safetensors"));
        var expected = file.ReadAll();
        using var encoder = AutoModel.Encoder(folder);
        var tokenizer = TextTokenizer.FromFolder(folder);

        var texts = EncoderGolden.Read(Path.Combine(goldens, "texts.json")).EnumerateArray()
            .Select(t => tokenizer.Encode(t.GetProperty("text").GetString()!, t.GetProperty("pair").GetString())).ToList();
        var (ids, mask, types) = tokenizer.Pad(texts).ToTensors();
        Assert.True(ids.eq(expected["input.input_ids"]).all().item<bool>());
        Assert.True(mask.eq(expected["input.attention_mask"]).all().item<bool>());
        Assert.True(types.eq(expected["input.token_type_ids"]).all().item<bool>());

        var hidden = encoder.call(ids, mask, types);
        var real = mask.to(ScalarType.Bool);
        Close(expected["last_hidden_first8"][real], hidden.narrow(2, 0, 8)[real], "last_hidden_first8");
        Close(expected["last_hidden_norm"][real], hidden.norm(2, false, 2)[real], "last_hidden_norm");
        var weights = mask.to(ScalarType.Float32).unsqueeze(2);
        var mean = (hidden * weights).sum(1) / weights.sum(1);
        Close(expected["mean_pooled_first16"], mean.narrow(1, 0, 16), "mean_pooled_first16");
        Close(expected["mean_pooled_norm"], mean.norm(1, false, 2), "mean_pooled_norm");
        var pooled = ((BertModel)encoder).Pool(hidden);
        Close(expected["pooler_first16"], pooled.narrow(1, 0, 16), "pooler_first16");
        Close(expected["pooler_norm"], pooled.norm(1, false, 2), "pooler_norm");
    }

    private static void Close(Tensor expected, Tensor actual, string what)
    {
        var distance = (expected - actual.reshape(expected.shape)).abs().max().item<float>();
        Assert.True(distance <= Tolerance, $"{what}: off by {distance:G3}");
    }
}
