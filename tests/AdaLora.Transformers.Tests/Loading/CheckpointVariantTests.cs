using System.Text.Json;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tests.Families;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Loading;

public sealed class CheckpointVariantTests
{
    public static TheoryData<string> Variants
    {
        get
        {
            var root = TestMaterial.Golden("models", "variants");
            return Directory.Exists(root) ? [.. Directory.GetDirectories(root).Select(d => Path.Combine("variants", Path.GetFileName(d))).Order(StringComparer.Ordinal)] : [];
        }
    }

    /// <summary>
    /// What the reference loads is loaded with the same numbers and the same report. What it refuses is refused, and so is what it should: a tensor of the encoder that is missing
    /// (it only warns), and an index that points out of its folder (it follows).
    /// </summary>
    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Variants))]
    public void Each_way_to_store_a_checkpoint_is_loaded_or_refused(string name)
    {
        using var golden = new EncoderGolden(name);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var loading = EncoderGolden.Read(Path.Combine(golden.Folder, "loading.json"));
        if (loading.TryGetProperty("reference_refuses", out _) || LosesEncoderTensors(loading) || PointsOutside(golden.Folder))
        {
            var error = Assert.Throws<CheckpointException>(() => AutoModel.SequenceClassifier(golden.Folder));
            Assert.Contains(golden.Folder, error.Message, StringComparison.Ordinal);
            return;
        }

        using var model = AutoModel.SequenceClassifier(golden.Folder, options: new PretrainedOptions { Seed = 1 });
        var expected = loading.GetProperty("BertForSequenceClassification");
        Assert.Equal(Names(expected, "missing_keys"), model.LoadReport!.NewlyInitialized);
        Assert.Equal(Names(expected, "unexpected_keys"), model.LoadReport.Unexpected);

        var hidden = model.Encoder.HiddenStates(golden.Ids, golden.Mask, golden.Types);
        if (golden.Find("logits") is not null)
            golden.Compare("logits", model.call(golden.Ids, golden.Mask, golden.Types));
        if (golden.Find("last_hidden_state") is not null)
            golden.CompareReal("last_hidden_state", hidden[^1]);
        for (var layer = 0; golden.Find($"hidden.{layer}") is not null; layer++)
            golden.CompareReal($"hidden.{layer}", hidden[layer]);
        if (golden.Find("pooler_output") is not null)
            golden.Compare("pooler_output", ((BertModel)model.Encoder).Pool(hidden[^1]));
    }

    [Theory]
    [InlineData("nothing", "config.json")]
    [InlineData("pickle", "safetensors")]
    [InlineData("other", "llama")]
    public void What_cannot_be_loaded_is_refused_with_a_way_out(string kind, string said)
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            if (kind != "nothing")
                File.WriteAllText(Path.Combine(folder, "config.json"), kind == "other" ? """{ "model_type": "llama" }""" : """{ "model_type": "bert" }""");
            if (kind == "pickle")
                File.WriteAllBytes(Path.Combine(folder, "pytorch_model.bin"), [0x80, 2]);
            if (kind == "other")
                SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), new Dictionary<string, Tensor> { ["a"] = zeros(1) }, new Dictionary<string, string>());
            var message = Assert.Throws<CheckpointException>(() => AutoModel.SequenceClassifier(folder)).Message;
            Assert.Contains(said, message, StringComparison.Ordinal);
            Assert.Contains(folder, message, StringComparison.Ordinal);
            Assert.Throws<CheckpointException>(() => AutoModel.SequenceClassifier(Path.Combine(folder, "absent")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string[] Names(JsonElement report, string key) => [.. report.GetProperty(key).EnumerateArray().Select(e => e.GetString()!).Order(StringComparer.Ordinal)];

    private static bool LosesEncoderTensors(JsonElement loading) =>
        Names(loading.GetProperty("BertForSequenceClassification"), "missing_keys").Any(n => n.Contains(".encoder.", StringComparison.Ordinal) || n.Contains(".embeddings.", StringComparison.Ordinal));

    private static bool PointsOutside(string folder)
    {
        var index = Path.Combine(folder, "model.safetensors.index.json");
        return File.Exists(index) && File.ReadAllText(index).Contains("..", StringComparison.Ordinal);
    }
}
