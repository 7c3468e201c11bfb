using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Transformers.Loading;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Families;

/// <summary>Adapters that PEFT has written, on the models they were trained on.</summary>
public sealed class PeftAdapterGoldenTests
{
    public static TheoryData<string, string> Adapters => Folders("adalora_*");

    public static TheoryData<string, string> Finals => Folders("adalora_final");

    public static TheoryData<string, string> Exports => Folders("lora_export");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Adapters))]
    public void An_adapter_that_peft_has_written_gives_pefts_logits(string family, string adapter)
    {
        var prefix = adapter["adalora_".Length..];
        Compare(family, ScalarType.Float32, adapter, $"{prefix}.logits", 1e-5);
        Compare(family, ScalarType.Float64, adapter, $"{prefix}.logits_fp64", 1e-6);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Adapters))]
    public void It_gives_them_still_when_it_was_written_again(string family, string adapter)
    {
        using var folder = new TemporaryFolder();
        WithAdapter(family, ScalarType.Float32, adapter, (_, adapted, _) => adapted.Save(folder.Path));
        Compare(family, ScalarType.Float32, folder.Path, $"{adapter["adalora_".Length..]}.logits", 1e-5);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Exports))]
    public void Plain_lora_that_peft_has_written_gives_the_logits_of_the_adapter_it_was_made_of(string family, string adapter)
    {
        Compare(family, ScalarType.Float32, adapter, "lora.logits", 1e-5);
        Compare(family, ScalarType.Float64, adapter, "final.logits_fp64", 1e-6);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Finals))]
    public void An_export_gives_the_logits_of_the_adapter(string family, string adapter)
    {
        using var folder = new TemporaryFolder();
        WithAdapter(family, ScalarType.Float32, adapter, (_, adapted, _) => adapted.ExportLora(folder.Path));
        Compare(family, ScalarType.Float32, folder.Path, "final.logits", 1e-5);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Finals))]
    public void A_merged_model_gives_the_logits_of_the_adapter_with_and_without_what_was_left_of_it(string family, string adapter) =>
        WithAdapter(family, ScalarType.Float32, adapter, (model, adapted, io) =>
        {
            adapted.Merge();
            Close(model, io, "final.merged_logits", 1e-5);
            adapted.MergeAndDetach();
            Close(model, io, "final.merged_logits", 1e-5);
        });

    private static TheoryData<string, string> Folders(string pattern)
    {
        var data = new TheoryData<string, string>();
        var roots = TestMaterial.GoldensRoots.Select(root => Path.Combine(root, "core", "adapters")).Where(Directory.Exists);
        var families = roots.SelectMany(Directory.GetDirectories).Where(f => Directory.Exists(Path.Combine(f, "base"))).DistinctBy(Path.GetFileName, StringComparer.Ordinal);
        foreach (var family in families.OrderBy(Path.GetFileName, StringComparer.Ordinal))
        {
            foreach (var adapter in Directory.GetDirectories(family, pattern).Order(StringComparer.Ordinal))
                data.Add(Path.GetFileName(family), Path.GetFileName(adapter));
        }

        return data;
    }

    private static void Compare(string family, ScalarType dtype, string adapter, string key, double tolerance) =>
        WithAdapter(family, dtype, adapter, (model, _, io) => Close(model, io, key, tolerance));

    private static void WithAdapter(string family, ScalarType dtype, string adapter, Action<PretrainedModel, AdaLoraModel, Dictionary<string, Tensor>> act)
    {
        var root = TestMaterial.Golden("core", "adapters", family);
        Assert.SkipUnless(EncoderGolden.IsSupported(Path.Combine(root, "base")), $"There is no model for the family of '{family}' yet.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var file = SafetensorsFile.Open(Path.Combine(root, "io.safetensors"));
        using var model = Base(Path.Combine(root, "base"), new PretrainedOptions { Device = TestDevice.Current, Dtype = dtype });
        using var adapted = AdaLoraModel.Load(model, Path.Combine(root, adapter));
        model.eval();
        act(model, adapted, TestDevice.Moved(file.ReadAll()));
    }

    // Decoders' adapters were trained as those of a language model.
    private static PretrainedModel Base(string folder, PretrainedOptions options) =>
        EncoderGolden.Read(Path.Combine(folder, "config.json")).GetProperty("architectures")[0].GetString() is var name
        && (name!.EndsWith("LMHeadModel", StringComparison.Ordinal) || name.EndsWith("ForCausalLM", StringComparison.Ordinal))
            ? AutoModel.CausalLM(folder, options)
            : name.EndsWith("ForConditionalGeneration", StringComparison.Ordinal) ? AutoModel.Seq2SeqLM(folder, options) : AutoModel.SequenceClassifier(folder, options: options);

    private static void Close(PretrainedModel model, Dictionary<string, Tensor> io, string key, double tolerance)
    {
        var written = io.GetValueOrDefault("input.decoder_input_ids");
        var logits = model.call(io["input.input_ids"], io["input.attention_mask"], written ?? io.GetValueOrDefault("input.token_type_ids"));
        var differences = (logits.to(ScalarType.Float64) - io[key].to(ScalarType.Float64)).abs();
        // A language model's logits at padding mean nothing.
        var distance = (differences.dim() == 3 && written is null ? differences[io["input.attention_mask"].to(ScalarType.Bool)] : differences).max().item<double>();
        Assert.True(distance <= tolerance * TestDevice.ToleranceFactor, $"{key}: off by {distance:G3}");
    }
}
