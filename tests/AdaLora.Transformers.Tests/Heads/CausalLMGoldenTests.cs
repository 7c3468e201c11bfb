using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tests.Families;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Heads;

/// <summary>Decoders with a language-model head against the reference.</summary>
public sealed class CausalLMGoldenTests
{
    public static TheoryData<string> Cases => [.. EncoderGolden.Cases("LMHeadModel"), .. EncoderGolden.Cases("ForCausalLM")];

    /// <summary>Those with greedy runs of a batch that is padded on the left.</summary>
    public static TheoryData<string> GeneratedCases => [.. Cases.Select(c => c.Data).Where(c => File.Exists(Path.Combine(TestMaterial.Golden("models", c), "generation.json")))];

    public static TheoryData<string> CachedCases => ["gpt2", "llama", "mistral", "qwen3", "gemma3_text"];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Every_layer_the_logits_the_loss_and_all_gradients_match(string name)
    {
        using var golden = Golden(name);
        using var scope = NewDisposeScope();
        using var model = Load(golden);
        Assert.Empty(model.LoadReport!.NewlyInitialized);
        Assert.Empty(model.LoadReport.Unexpected);

        var hidden = model.Decoder.HiddenStates(golden.Ids, golden.Mask);
        Assert.Equal(model.Config.Layers + 1, hidden.Count);
        for (var layer = 0; layer < hidden.Count; layer++)
        {
            // Some cases have logits alone.
            if (golden.Find($"hidden.{layer}") is not null)
                golden.CompareReal($"hidden.{layer}", hidden[layer]);
        }

        golden.CompareReal("logits", model.call(golden.Ids, golden.Mask, null));
        var loss = model.Loss(golden.Ids, golden.Mask, golden["input.labels"]);
        golden.Compare("loss", loss.view(1));
        loss.backward();
        golden.CompareGradients(model);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Double_precision_matches(string name)
    {
        using var golden = Golden(name);
        Assert.SkipWhen(golden.Find("logits_fp64") is null, $"The reference computes norms and soft-max of '{name}' in single precision, so that there is nothing to compare with.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var wide = Load(golden, ScalarType.Float64);
        var real = golden.Mask.to(ScalarType.Bool);
        var distance = (wide.call(golden.Ids, golden.Mask, null)[real] - golden["logits_fp64"][real]).abs().max().item<double>();
        // There the numbers are the reference's own, which norms and takes the soft-max in single precision whatever the model's.
        var allowed = name == "more/llama_tied" ? 2e-5 : 1e-10;
        Assert.True(distance <= allowed * TestDevice.ToleranceFactor, $"logits_fp64: off by {distance:G3}");
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Prompts_padded_on_the_left_have_their_positions_from_the_mask(string name)
    {
        using var golden = Golden(name);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Load(golden);
        var part = golden.Find("prompt.input_ids") is null ? "left" : "prompt";
        var (ids, mask) = (golden[$"{part}.input_ids"], golden[$"{part}.attention_mask"]);
        golden.Compare($"{part}.last_logits", model.call(ids, mask, null).select(1, -1));
        golden.Compare($"{part}.last_logits", model.call(ids, mask, golden[$"{part}.position_ids"]).select(1, -1));
    }

    /// <summary>Steps of one token and of several, after what a cache holds of a batch with padding on the left.</summary>
    [Theory]
    [MemberData(nameof(CachedCases))]
    public void Decoding_behind_a_cache_gives_the_logits_of_one_pass(string name)
    {
        using var golden = Golden(name);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var file = SafetensorsFile.Open(TestMaterial.RequireGolden("models", "decoding", "cache", $"{name}.safetensors"));
        var expected = TestDevice.Moved(file.ReadAll());
        using var model = Load(golden);
        var (ids, mask) = (expected["input_ids"], expected["attention_mask"]);
        using var cache = new KeyValueCache(ids.shape[1]);
        var logits = new List<Tensor>();
        foreach (var length in (long[])[6, 1, 1, 1, 1, 1, 1, 1, 3])
        {
            var begin = cache.Length;
            logits.Add(model.Decode(ids.narrow(1, begin, length), mask.narrow(1, 0, begin + length), cache));
        }

        var real = mask.to(ScalarType.Bool);
        Close(expected["incremental_logits"][real], cat(logits, 1)[real], "incremental_logits");
        Close(expected["full_logits"][real], model.call(ids, mask, null)[real], "full_logits");
        for (var layer = 0; layer < model.Config.Layers; layer++)
        {
            var (keys, values) = cache.Of(layer);
            CloseCache($"cache.key.{layer}", keys);
            CloseCache($"cache.value.{layer}", values);
        }

        Assert.Throws<InvalidOperationException>(() => model.Decode(ids.narrow(1, 0, 1), null, cache));

        // The reference keeps no more columns than the window of a layer can see.
        void CloseCache(string key, Tensor actual)
        {
            var kept = expected[key].shape[2];
            var seen = mask.to(ScalarType.Bool).unsqueeze(1).expand(-1, actual.shape[1], -1).narrow(2, ids.shape[1] - kept, kept);
            Close(expected[key][seen], actual.narrow(2, ids.shape[1] - kept, kept)[seen], key);
        }
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(GeneratedCases))]
    public void The_most_likely_words_one_after_another_are_the_references(string name)
    {
        using var golden = Golden(name);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Load(golden);
        var part = golden.Find("prompt.input_ids") is null ? "left" : "prompt";
        var (ids, mask) = (golden[$"{part}.input_ids"], golden[$"{part}.attention_mask"]);
        var runs = EncoderGolden.Read(Path.Combine(golden.Folder, "generation.json"));
        var run = runs.TryGetProperty("greedy_left_padded", out var padded) ? padded : runs.GetProperty("batch_padded_left");
        var expected = run.GetProperty("ids").EnumerateArray()
            .Select(row => row.EnumerateArray().Select(id => id.GetInt64()).ToArray()).ToArray();
        using var cache = new KeyValueCache(expected[0].Length);
        var next = ids;
        while (ids.shape[1] < expected[0].Length)
        {
            next = model.Decode(next, mask, cache).select(1, -1).argmax(-1, true);
            (ids, mask) = (cat([ids, next], 1), cat([mask, ones_like(next)], 1));
        }

        for (var row = 0; row < expected.Length; row++)
        {
            var end = Array.FindIndex(expected[row], (int)golden[$"{part}.input_ids"].shape[1], id => id == 2);
            var length = end < 0 ? expected[row].Length : end + 1;
            Assert.Equal(expected[row][..length], ids[row].data<long>().ToArray()[..length]);
        }
    }

    private static EncoderGolden Golden(string name)
    {
        var golden = new EncoderGolden(name) { Tolerance = 5e-5 };
        golden.RequireSupport();
        return golden;
    }

    private static CausalLM Load(EncoderGolden golden, ScalarType dtype = ScalarType.Float32) =>
        AutoModel.CausalLM(golden.Folder, new PretrainedOptions { Device = TestDevice.Current, Dtype = dtype });

    private static void Close(Tensor expected, Tensor actual, string what)
    {
        var excess = ((actual - expected).abs() - (expected.abs() * 1e-5)).max().item<float>();
        Assert.True(excess <= 5e-5 * TestDevice.ToleranceFactor, $"{what}: off by {excess:G3}");
    }
}
