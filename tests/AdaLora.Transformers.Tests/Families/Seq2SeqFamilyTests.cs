using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLora.Adapters;
using AdaLora.Safetensors;
using AdaLora.Targeting;
using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.T5;
using AdaLora.Transformers.Loading;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Families;

/// <summary>What holds for models of an encoder and a decoder of every family.</summary>
public sealed class Seq2SeqFamilyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Families => SmallSeq2Seq.Families;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Families))]
    public void A_saved_checkpoint_comes_back_bit_for_bit_with_its_configuration(string family)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = SmallSeq2Seq.Make(family);
        model.eval();
        model.Generation = model.Generation with { Beams = 3, LengthPenalty = 2, MaxLength = 12, ForcedBeginId = 4 };
        model.SaveCheckpoint(_folder.Path);
        using var back = AutoModel.Seq2SeqLM(_folder.Path);
        Assert.Empty(back.LoadReport!.NewlyInitialized);
        Assert.Empty(back.LoadReport.Unexpected);
        Assert.Equal(family == "t5_v1_1", back.named_parameters().Any(p => p.name == "lm_head.weight"));
        Assert.Equal((3, 2, 12, 4), (back.Generation.Beams, back.Generation.LengthPenalty, back.Generation.MaxLength, back.Generation.ForcedBeginId));
        Assert.True(model.call(Source(), null, Target()).eq(back.call(Source(), null, Target())).all().item<bool>());
        var (config, generation) = (File.ReadAllText(_folder.File("config.json")), File.ReadAllText(_folder.File("generation_config.json")));
        back.SaveCheckpoint(_folder.Path);
        Assert.Equal((config, generation), (File.ReadAllText(_folder.File("config.json")), File.ReadAllText(_folder.File("generation_config.json"))));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Training_steps_leave_no_tensors_behind_and_reach_every_parameter(string family)
    {
        using var model = SmallSeq2Seq.Make(family);
        model.train();
        using var source = Source();
        using var target = Target();
        using var mask = ones_like(source);
        mask[1, 7] = 0;
        var counts = new List<long>();
        for (var step = 0; step < 8; step++)
        {
            using (NewDisposeScope())
            {
                model.zero_grad();
                model.Loss(source, step % 2 == 0 ? null : mask, target, 0.1).backward();
            }

            counts.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        Assert.Equal(counts[3], counts[^1]);
        Assert.All(model.named_parameters(), p => Assert.True(p.parameter.grad is not null, p.name));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Calls_without_a_scope_make_their_tensors_in_one(string family)
    {
        using var model = SmallSeq2Seq.Make(family);
        using var source = Source();
        using var target = Target();
        using var mask = ones_like(source);
        mask[1, 7] = 0;
        var before = DisposeScopeManager.Statistics.CreatedOutsideScopeCount;
        foreach (var training in (bool[])[false, true])
        {
            model.train(training);
            using var logits = model.call(source, mask, target);
            using var all = model.call(source, null, target);
            using var loss = model.Loss(source, mask, target);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.CreatedOutsideScopeCount);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Padding_of_the_source_changes_nothing_and_a_source_of_padding_gives_finite_gradients(string family)
    {
        using var scope = NewDisposeScope();
        using var model = SmallSeq2Seq.Make(family);
        model.eval();
        var (text, target) = (Source().narrow(0, 0, 1), Target().narrow(0, 0, 1));
        var alone = model.call(text, null, target);
        foreach (var width in (int[])[3, 11])
        {
            var padded = cat([text, ones([1, width], ScalarType.Int64)], 1);
            var real = cat([ones_like(text), zeros([1, width], ScalarType.Int64)], 1);
            Assert.True(allclose(alone, model.call(padded, real, target), 1e-5, 1e-5));
            // Beside a longer text, with more padding than fits into whole blocks of rows.
            var beside = model.call(cat([padded, ones_like(padded)], 0), cat([real, ones_like(real)], 0), cat([target, target], 0));
            Assert.True(allclose(alone, beside.narrow(0, 0, 1), 1e-5, 1e-5));
        }

        var none = cat([ones_like(text), zeros_like(text)], 0);
        model.train();
        model.Loss(cat([text, text], 0), none, cat([target, target], 0)).backward();
        Assert.All(model.parameters(), p => Assert.True(p.grad!.isfinite().all().item<bool>()));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void No_token_looks_ahead_but_all_look_at_the_whole_source(string family)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = SmallSeq2Seq.Make(family);
        foreach (var training in (bool[])[false, true])
        {
            model.train(training);
            var other = Target();
            other[0, 3] = 7;
            var same = Logits(Source(), Target()).eq(Logits(Source(), other)).all(1).data<bool>().ToArray();
            Assert.Equal([true, true, true, false, false], same);
            var read = Source();
            read[0, 7] = 9;
            Assert.DoesNotContain(true, Logits(Source(), Target()).eq(Logits(read, Target())).all(1).data<bool>().ToArray());
        }

        Tensor Logits(Tensor source, Tensor target)
        {
            using var seed = manual_seed(1);
            return model.call(source, null, target)[0];
        }
    }

    /// <summary>TorchSharp registers the fields of a module that is placed in another one.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void Names_stay_what_they_are_in_a_model_that_contains_this_one(string family)
    {
        var model = SmallSeq2Seq.Make(family);
        string[] names = [.. Names(model)];
        using var outer = nn.ModuleDict(("model", (nn.Module)model));
        Assert.Equal(names, Names(model));
        foreach (var stack in model.StackNames)
            Assert.Equal("0", model.named_modules().Single(m => m.name == stack).module.named_children().Select(child => child.name).First());

        static IEnumerable<string> Names(nn.Module module) => module.named_modules().Select(m => m.name).Concat(module.named_parameters().Select(p => p.name));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Half_precision_stays_near(string family)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = SmallSeq2Seq.Make(family);
        model.eval();
        model.SaveCheckpoint(_folder.Path);
        using var half = AutoModel.Seq2SeqLM(_folder.Path, new PretrainedOptions { Dtype = ScalarType.BFloat16 });
        var (exact, rounded) = (model.call(Source(), null, Target()), half.call(Source(), null, Target()));
        Assert.Equal(ScalarType.BFloat16, rounded.dtype);
        var distance = (rounded.to(ScalarType.Float32) - exact).abs().mean().item<float>() / exact.abs().mean().item<float>();
        Assert.True(distance < 0.05, $"logits are off by {distance:P1}");
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_weight_has_a_first_value(string family)
    {
        using var scope = NewDisposeScope();
        using var model = SmallSeq2Seq.Make(family);
        foreach (var (name, parameter) in model.named_parameters())
        {
            var values = parameter.detach().data<float>().ToArray();
            var expected = model.FirstDeviation(name);
            if (parameter.dim() < 2)
                Assert.True(values.All(value => value == values[0] && value is 0 or 1), name);
            else
                Assert.InRange(Math.Sqrt(values.Average(value => (double)value * value)) / expected, 0.6, 1.4);
        }

        Assert.Equal(family == "bart", model.get_parameter("model.shared.weight") is { } words && words[1].eq(0).all().item<bool>());
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Adapters_are_put_on_both_stacks_and_not_on_the_head_and_merge(string family)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = SmallSeq2Seq.Make(family);
        model.eval();
        var plain = model.call(Source(), null, Target());
        using (var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 3, TargetRank = 2, Seed = 1 }))
        {
            var (wide, layers) = (family == "t5_v1_1" ? 3 : 2, model.Config.ActualDecoderLayers);
            Assert.Equal((model.Config.Layers * (4 + wide)) + (layers * (8 + wide)), adapted.Adapters.Count);
            var adapters = model.named_modules().Where(m => m.module is SvdAdapter).Select(m => m.name).ToList();
            Assert.Equal(adapted.Adapters.Count, adapters.Count);
            Assert.All(adapters, name => Assert.Contains(model.StackNames, stack => name.StartsWith(stack + ".", StringComparison.Ordinal)));
            Assert.True(plain.eq(model.call(Source(), null, Target())).all().item<bool>());
            adapted.TrainableParameters[0].add_(0.05);
            var changed = model.call(Source(), null, Target());
            Assert.False(allclose(plain, changed, 1e-3, 1e-3));
            adapted.Merge();
            Assert.True(allclose(changed, model.call(Source(), null, Target()), 1e-4, 1e-4));
            adapted.Detach();
        }

        Assert.True(plain.eq(model.call(Source(), null, Target())).all().item<bool>());
        var all = AdaLoraModel.Plan(model, new AdaLoraOptions { Targets = TargetModules.AllLinear }).Adapters;
        Assert.Equal(family == "t5_v1_1", all.Any(adapter => adapter.Name == "lm_head"));
    }

    /// <summary>Older checkpoints hold the word embeddings under several names, or under another one, or lack what is zero.</summary>
    [Theory]
    [InlineData("bart", "model.shared.weight", "model.encoder.embed_tokens.weight", "lm_head.weight")]
    [InlineData("bart", "model.shared.weight", "model.decoder.embed_tokens.weight", "model.shared.weight")]
    [InlineData("t5", "shared.weight", "encoder.embed_tokens.weight", "shared.weight")]
    [InlineData("t5", "shared.weight", "decoder.embed_tokens.weight", "lm_head.weight")]
    public void Word_embeddings_are_found_under_their_other_names(string family, string name, string other, string third)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = SmallSeq2Seq.Make(family);
        model.eval();
        model.SaveCheckpoint(_folder.Path);
        Dictionary<string, Tensor> tensors;
        using (var file = SafetensorsFile.Open(_folder.File("model.safetensors")))
            tensors = file.ReadAll();
        tensors.Remove("final_logits_bias");
        tensors.Remove(name, out var words);
        (tensors[other], tensors[third]) = (words!, words!.clone());
        SafetensorsWriter.Write(_folder.File("model.safetensors"), tensors);
        using var back = AutoModel.Seq2SeqLM(_folder.Path);
        Assert.Empty(back.LoadReport!.NewlyInitialized);
        Assert.Empty(back.LoadReport.Unexpected);
        Assert.True(model.call(Source(), null, Target()).eq(back.call(Source(), null, Target())).all().item<bool>());
    }

    /// <summary>Before there was generation_config.json, config.json said how to generate.</summary>
    [Fact]
    public void Without_a_file_for_it_the_configuration_says_how_to_generate()
    {
        using var model = SmallSeq2Seq.Make("bart");
        model.SaveCheckpoint(_folder.Path);
        File.Delete(_folder.File(GenerationConfigFile.Name));
        var config = File.ReadAllText(_folder.File("config.json"));
        const string Entries = """, "num_beams": 4, "length_penalty": 2.0, "max_length": 142, "min_length": 56, "no_repeat_ngram_size": 3, "early_stopping": true """;
        File.WriteAllText(_folder.File("config.json"), config.Insert(config.LastIndexOf('}'), Entries));
        using var back = AutoModel.Seq2SeqLM(_folder.Path);
        Assert.Equal(
            model.Generation with
            {
                Beams = 4,
                LengthPenalty = 2,
                MaxLength = 142,
                MinLength = 56,
                NoRepeatNgramSize = 3,
                EarlyStopping = EarlyStopping.WhenEnough,
                TopK = back.Generation.TopK,
                DecoderStartId = 2,
            },
            back.Generation with { StopTexts = model.Generation.StopTexts, EndIds = model.Generation.EndIds });
    }

    [Theory]
    [InlineData("normalize_before", "true", "normalize_before is set")]
    [InlineData("encoder_layerdrop", "0.1", "encoder_layerdrop is set")]
    [InlineData("is_encoder_decoder", "false", "only whole models")]
    [InlineData("tie_word_embeddings", "false", "the head of BART")]
    [InlineData("decoder_start_token_id", "50", "not in the vocabulary")]
    [InlineData("decoder_layers", "3", "decoder_layers is 3, but 1 layers are stored")]
    [InlineData("num_hidden_layers", "7", "encoder_layers is 2, but num_hidden_layers, which means the same, is 7")]
    public void What_a_bart_cannot_be_is_refused_by_name(string entry, string value, string message) => Refuse("bart", entry, value, message);

    [Theory]
    [InlineData("feed_forward_proj", "\"gated-relu\"", "but dense_act_fn is 'gelu_new'")]
    [InlineData("is_gated_act", "false", "but is_gated_act is False")]
    [InlineData("relative_attention_num_buckets", "7", "must be even")]
    [InlineData("relative_attention_max_distance", "4", "must be above half")]
    [InlineData("d_kv", "5", "num_heads x d_kv requires 20")]
    public void What_a_t5_cannot_be_is_refused_by_name(string entry, string value, string message) => Refuse("t5_v1_1", entry, value, message);

    /// <summary>The scale of the output follows the older entry where the newer one is missing.</summary>
    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void A_head_of_its_own_means_an_output_without_scale_unless_it_is_said(bool isTied, bool scales)
    {
        var json = ((T5Config)SmallSeq2Seq.Config("t5") with { TiesWordEmbeddings = isTied, ScalesOutput = scales }).ToJson();
        Assert.Equal(scales, Read().ScalesOutput);
        json.Remove("scale_decoder_outputs");
        Assert.Equal(isTied, Read().ScalesOutput);

        T5Config Read() => ModelConfig.Read(JsonDocument.Parse(json.ToJsonString()).RootElement, "config.json", entries => new T5Config(entries));
    }

    private void Refuse(string family, string entry, string value, string message)
    {
        using var model = SmallSeq2Seq.Make(family);
        model.SaveCheckpoint(_folder.Path);
        var json = JsonNode.Parse(File.ReadAllText(_folder.File("config.json")))!.AsObject();
        json[entry] = JsonNode.Parse(value);
        File.WriteAllText(_folder.File("config.json"), json.ToJsonString());
        Assert.Contains(message, Assert.Throws<CheckpointException>(() => AutoModel.Seq2SeqLM(_folder.Path)).Message, StringComparison.Ordinal);
    }

    private static Tensor Source() => tensor((long[])[3, 9, 4, 3, 5, 8, 2, 6, 7, 7, 3, 4, 9, 1, 2, 5], [2, 8]);

    private static Tensor Target() => tensor((long[])[2, 9, 4, 8, 5, 2, 6, 3, 7, 9], [2, 5]);
}
