using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Transformers.Families.T5;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tests.Families;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Heads;

/// <summary>Models of an encoder and a decoder against the reference.</summary>
public sealed class Seq2SeqGoldenTests
{
    public static TheoryData<string> Cases => EncoderGolden.Cases("ForConditionalGeneration");

    public static TheoryData<string> CachedCases => ["bart", "t5", "t5_v1_1"];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Every_layer_the_logits_the_losses_and_all_gradients_match(string name)
    {
        using var golden = Golden(name);
        using var scope = NewDisposeScope();
        using var model = Load(golden);
        Assert.Empty(model.LoadReport!.NewlyInitialized);
        Assert.Empty(model.LoadReport.Unexpected);

        var (read, written) = (new List<Tensor>(), new List<Tensor>());
        using (var source = model.Encode(golden.Ids, golden.Mask, trace: read))
            model.Decode(golden["decoder_input_ids"], source, trace: written).Dispose();
        Assert.Equal((model.Config.Layers + 1, model.Config.ActualDecoderLayers + 1), (read.Count, written.Count));
        for (var layer = 0; layer < read.Count; layer++)
            golden.CompareReal($"encoder_hidden.{layer}", read[layer]);
        for (var layer = 0; layer < written.Count; layer++)
            golden.Compare($"decoder_hidden.{layer}", written[layer]);

        golden.Compare("logits", model.call(golden.Ids, golden.Mask, golden["decoder_input_ids"]));
        Assert.True(model.MovedRight(golden["input.labels"]).equal(golden["decoder_input_ids"]).all().item<bool>());
        if (golden.Find("loss_label_smoothing_0.1") is not null)
            golden.Compare("loss_label_smoothing_0.1", model.Loss(golden.Ids, golden.Mask, golden["input.labels"], 0.1).view(1));
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
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var wide = Load(golden, ScalarType.Float64);
        var distance = (wide.call(golden.Ids, golden.Mask, golden["decoder_input_ids"]) - golden["logits_fp64"]).abs().max().item<double>();
        Assert.True(distance <= 1e-10 * TestDevice.ToleranceFactor, $"logits_fp64: off by {distance:G3}");
    }

    /// <summary>The attention weights of row 1, from the queries and keys that the first layers compute.</summary>
    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Attention_looks_where_the_references_looks(string name)
    {
        using var golden = Golden(name);
        Assert.SkipWhen(golden.Find("cross_attention_row1.0") is null, $"'{name}' has no attention weights.");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Load(golden);
        var (source, target) = (golden.Ids.shape[1], golden["decoder_input_ids"].shape[1]);
        var padding = golden.Mask[1].eq(0);
        var ahead = ones([target, target], ScalarType.Bool, device: padding.device).triu(1);
        var isBart = model.Config is not T5Config;
        var cross = isBart ? "model.decoder.layers.0.encoder_attn" : "decoder.block.0.layer.1.EncDecAttention";
        golden.Compare("cross_attention_row1.0", Weights(cross, target, source, null, padding.unsqueeze(0)));
        if (isBart)
            return;
        var config = (T5Config)model.Config;
        foreach (var (side, length, hidden) in ((string, long, Tensor)[])[("encoder", source, padding.unsqueeze(0)), ("decoder", target, ahead)])
        {
            var self = $"{side}.block.0.layer.0.SelfAttention";
            var table = model.get_parameter($"{self}.relative_attention_bias.weight")!;
            var rule = new RelativePositionBias(config.Buckets, config.MaxDistance, side == "encoder");
            var biases = tensor(Enumerable.Range(0, (int)(length * length)).Select(i => (long)rule.BucketOf((i % length) - (i / length))).ToArray(), [length, length], device: padding.device);
            var weights = Weights(self, length, length, table[biases].permute(2, 0, 1), hidden);
            // The places of padding look at something that nobody reads.
            var looking = side == "encoder" ? golden.Mask[1].to(ScalarType.Bool) : ones([length], ScalarType.Bool, device: padding.device);
            Close(golden[$"{side}_attention_row1.0"].transpose(0, 1)[looking], weights.transpose(0, 1)[looking], $"{side}_attention_row1.0");
        }

        Tensor Weights(string attention, long queries, long keys, Tensor? bias, Tensor hidden)
        {
            var ending = isBart ? "_proj" : "";
            var (query, key) = (Output($"{attention}.q{ending}"), Output($"{attention}.k{ending}"));
            var size = query.shape[^1] / model.Config.Heads;
            var scores = Heads(query, queries, size).bmm(Heads(key, keys, size).transpose(1, 2));
            if (isBart)
                scores = scores / Math.Sqrt(size);
            return (bias is null ? scores : scores + bias).masked_fill(hidden, float.MinValue).softmax(-1);
        }

        Tensor Heads(Tensor states, long length, long size) => states.view(length, model.Config.Heads, size).transpose(0, 1);

        // What a layer makes of row 1. The encoder's places of padding may have no rows.
        Tensor Output(string layer)
        {
            var output = empty(0);
            var module = (nn.Module<Tensor, Tensor>)model.named_modules().Single(m => m.name == layer).module;
            var hook = module.register_forward_hook((_, _, result) => output = result.alias().DetachFromDisposeScope());
            model.call(golden.Ids, golden.Mask, golden["decoder_input_ids"]).Dispose();
            hook.remove();
            scope.Attach(output);
            if (output.dim() == 3)
                return output[1];
            var places = golden.Mask.view(-1).nonzero().view(-1);
            var all = zeros([golden.Mask.numel(), output.shape[1]], device: output.device).index_copy(0, places, output.narrow(0, 0, places.shape[0]));
            return all.view(golden.Mask.shape[0], source, -1)[1];
        }
    }

    /// <summary>Steps of one token and of several, after what the caches hold.</summary>
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
        var ids = expected["decoder_input_ids"];
        using var source = model.Encode(expected["source.input_ids"], expected["source.attention_mask"], keeps: true);
        using var cache = new KeyValueCache(ids.shape[1]);
        var logits = new List<Tensor>();
        foreach (var length in (long[])[6, 1, 1, 1, 1, 1, 1, 1, 3])
            logits.Add(model.Score(model.Decode(ids.narrow(1, cache.Length, length), source, cache)));
        Close(expected["incremental_logits"], cat(logits, 1), "incremental_logits");
        Close(expected["full_logits"], model.call(expected["source.input_ids"], expected["source.attention_mask"], ids), "full_logits");
        for (var layer = 0; layer < model.Config.Layers; layer++)
        {
            Close(expected[$"cache.key.{layer}"], cache.Of(layer).Keys, $"cache.key.{layer}");
            Close(expected[$"cache.value.{layer}"], cache.Of(layer).Values, $"cache.value.{layer}");
        }

        var real = expected["source.attention_mask"].to(ScalarType.Bool).unsqueeze(1).expand(-1, model.Config.Heads, -1);
        Close(expected["cross_cache.key.0"][real], source.Read(0, null!, null!).Keys[real], "cross_cache.key.0");
    }

    [Fact]
    public void Distances_fall_into_the_references_buckets()
    {
        var json = EncoderGolden.Read(TestMaterial.RequireGolden("models", "t5", "buckets.json"));
        var first = json.GetProperty("first_distance").GetInt32();
        var settings = json.GetProperty("buckets").EnumerateObject().ToList();
        Assert.Equal(4, settings.Count);
        foreach (var setting in settings)
        {
            var parts = setting.Name.Split('_');
            var rule = new RelativePositionBias(int.Parse(parts[1]), int.Parse(parts[2]), parts[0] == "encoder");
            var expected = setting.Value.EnumerateArray().Select(bucket => bucket.GetInt32()).ToList();
            Assert.Equal(expected, Enumerable.Range(first, expected.Count).Select(distance => rule.BucketOf(distance)));
        }
    }

    private static EncoderGolden Golden(string name)
    {
        // Soft-max ignores what is added to all its inputs.
        var golden = new EncoderGolden(name) { Tolerance = 5e-5, Vanishes = parameter => parameter.EndsWith(".k_proj.bias", StringComparison.Ordinal) };
        golden.RequireSupport();
        return golden;
    }

    private static Seq2SeqLM Load(EncoderGolden golden, ScalarType dtype = ScalarType.Float32) =>
        AutoModel.Seq2SeqLM(golden.Folder, new PretrainedOptions { Device = TestDevice.Current, Dtype = dtype });

    private static void Close(Tensor expected, Tensor actual, string what)
    {
        var excess = ((actual - expected).abs() - (expected.abs() * 1e-5)).max().item<float>();
        Assert.True(excess <= 5e-5 * TestDevice.ToleranceFactor, $"{what}: off by {excess:G3}");
    }
}
