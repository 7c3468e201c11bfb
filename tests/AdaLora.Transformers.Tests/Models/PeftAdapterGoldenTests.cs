using AdaLora.Serialization;
using AdaLora.TestSupport;
using AdaLora.Transformers.Models;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Models;

/// <summary>Adapters that PEFT has written, on the models they were trained on.</summary>
public sealed class PeftAdapterGoldenTests
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string>();
            var root = TestMaterial.Golden("core", "adapters");
            if (!Directory.Exists(root))
                return data;
            foreach (var family in Directory.GetDirectories(root).Order(StringComparer.Ordinal))
            {
                foreach (var adapter in Directory.GetDirectories(family, "adalora_*").Order(StringComparer.Ordinal))
                    data.Add(Path.GetFileName(family), Path.GetFileName(adapter));
            }

            return data;
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void An_adapter_that_peft_has_written_gives_pefts_logits_and_is_written_again_with_the_same_tensors(string family, string adapter)
    {
        var root = TestMaterial.Golden("core", "adapters", family);
        Assert.SkipUnless(EncoderGolden.IsSupported(Path.Combine(root, "base")), $"There is no encoder for the family of '{family}' yet.");
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var file = SafetensorsFile.Open(Path.Combine(root, "io.safetensors"));
        var io = file.ReadAll();
        var prefix = adapter["adalora_".Length..];
        foreach (var (dtype, key, tolerance) in (IEnumerable<(ScalarType, string, double)>)[(ScalarType.Float32, "logits", 1e-5), (ScalarType.Float64, "logits_fp64", 1e-6)])
        {
            using var model = SequenceClassifier.FromPretrained(Path.Combine(root, "base"), dtype: dtype);
            var folder = Path.Combine(root, adapter);
            using var adapted = AdaLoraModel.Load(model, folder);
            model.eval();
            var logits = model.call(io["input.input_ids"], io["input.attention_mask"], io.GetValueOrDefault("input.token_type_ids"));
            var distance = (logits - io[$"{prefix}.{key}"]).abs().max().to(ScalarType.Float64).item<double>();
            Assert.True(distance <= tolerance, $"{prefix}.{key}: off by {distance:G3}");

            if (dtype == ScalarType.Float32)
                CompareSaved(adapted, folder);
        }
    }

    private static void CompareSaved(AdaLoraModel adapted, string original)
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            adapted.Save(folder);
            using var expected = SafetensorsFile.Open(Path.Combine(original, "adapter_model.safetensors"));
            using var actual = SafetensorsFile.Open(Path.Combine(folder, "adapter_model.safetensors"));
            Assert.Equal(expected.Entries.Keys.Order(StringComparer.Ordinal), actual.Entries.Keys.Order(StringComparer.Ordinal));
            foreach (var name in expected.Entries.Keys)
            {
                using var a = expected.Read(name);
                using var b = actual.Read(name);
                Assert.Equal(a.shape, b.shape);
                Assert.True(a.numel() == 0 || (a - b).abs().max().item<float>() <= 1e-6f, name);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
