using System.Text.Json.Nodes;
using AdaLora.Internals;
using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.DebertaV2;
using AdaLora.Transformers.Families.DistilBert;
using AdaLora.Transformers.Families.Roberta;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tests.Families;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Configuration;

/// <summary>What a config.json of other people's says is followed, or refused by name before anything is made.</summary>
public sealed class ConfigValueTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Families => SmallClassifier.Families;

    /// <summary>Family, entry.</summary>
    public static TheoryData<string, string> Sizes
    {
        get
        {
            var sizes = new TheoryData<string, string>();
            foreach (var family in SmallClassifier.Families.Select(row => row.Data))
            {
                string[] entries = family switch
                {
                    "distilbert" => ["vocab_size", "max_position_embeddings", "dim", "hidden_dim", "n_layers"],
                    "deberta-v2" => ["vocab_size", "type_vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "position_buckets", "conv_kernel_size"],
                    "electra" => ["vocab_size", "max_position_embeddings", "type_vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "embedding_size"],
                    _ => ["vocab_size", "max_position_embeddings", "type_vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers"],
                };
                foreach (var entry in entries)
                    sizes.Add(family, entry);
            }
            return sizes;
        }
    }

    public static TheoryData<string, string, string> Refused => new()
    {
        { "layer_norm_eps", "1e999", "layer_norm_eps" },
        { "initializer_range", "1e999", "initializer_range" },
        { "is_decoder", "true", "is_decoder" },
        { "add_cross_attention", "true", "add_cross_attention" },
        { "is_encoder_decoder", "true", "is_encoder_decoder" },
        { "pruned_heads", """{ "0": [1] }""", "pruned_heads" },
        { "quantization_config", """{ "load_in_8bit": true }""", "quantization_config" },
        { "id2label", """{ "a": "b" }""", "id2label" },
        { "id2label", """{ "0": ["b"] }""", "id2label" },
        { "num_labels", "5", "num_labels" },
        { "num_labels", "\"x\"", "num_labels" },
        { "problem_type", "\"ranking\"", "problem_type" },
        { "hidden_size", "\"x\"", "hidden_size" },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Families))]
    public void An_entry_that_is_null_has_the_family_s_own_value(string family)
    {
        Save(family, config =>
        {
            config["pad_token_id"] = null;
            config["initializer_range"] = null;
            config["max_position_embeddings"] = 20;
        });
        using var model = AutoModel.SequenceClassifier(_folder.Path);
        Assert.Equal(family.Contains("roberta", StringComparison.Ordinal) ? 1 : 0, model.Config.PadId);
        Assert.Equal(0.02, model.Config.InitializerRange);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Class_names_may_be_numbers(string family)
    {
        Save(family, config => config["id2label"] = JsonNode.Parse("""{ "0": 0, "1": 1, "2": "two" }"""));
        using var model = AutoModel.SequenceClassifier(_folder.Path);
        Assert.Equal(["0", "1", "two"], model.Config.LabelNames!.Values);
        Assert.Equal(["0", "1", "two"], model.ClassNames);
    }

    [Fact]
    public void Without_class_names_there_are_two_classes_or_as_many_as_num_labels_says()
    {
        Save("bert", config => config["id2label"] = new JsonObject());
        var error = Assert.Throws<CheckpointException>(() => AutoModel.SequenceClassifier(_folder.Path));
        Assert.Contains("in place of [2, 16]", error.Message, StringComparison.Ordinal);

        Save("bert", config => (config["id2label"], config["num_labels"]) = (null, 3));
        using var model = AutoModel.SequenceClassifier(_folder.Path);
        Assert.Equal(["LABEL_0", "LABEL_1", "LABEL_2"], model.ClassNames);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_cannot_be_followed_is_refused_by_name(string entry, string value, string named)
    {
        Save("bert", config => config[entry] = JsonNode.Parse("0"), json => json.Replace($"\"{entry}\":0", $"\"{entry}\":{value}", StringComparison.Ordinal));
        var error = Assert.Throws<CheckpointException>(() => AutoModel.SequenceClassifier(_folder.Path));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("attention_head_size", 3)]
    [InlineData("pooler_hidden_size", 8)]
    public void Sizes_of_DeBERTa_that_are_not_supported_are_refused(string entry, int value)
    {
        Save("deberta-v2", config => config[entry] = value);
        Assert.Contains(entry, Assert.Throws<CheckpointException>(() => AutoModel.Encoder(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Sizes_are_compared_with_the_weights_before_anything_is_made(string family, string entry)
    {
        Save(family, config => config[entry] = entry == "conv_kernel_size" ? 999_999_999 : 1_000_000_000);
        var error = Assert.Throws<CheckpointException>(() => AutoModel.SequenceClassifier(_folder.Path));
        Assert.Contains(entry, error.Message, StringComparison.Ordinal);
        Assert.Contains("0000000", error.Message.Replace("9", "0", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fewer_layers_than_are_stored_are_the_lower_ones()
    {
        Save("bert", config => config["num_hidden_layers"] = 1);
        using var model = AutoModel.SequenceClassifier(_folder.Path);
        Assert.Equal(1, model.Config.Layers);
        Assert.Contains("bert.encoder.layer.1.output.dense.weight", model.LoadReport!.Unexpected);
    }

    [Fact]
    public void DistilBERT_s_sizes_go_by_BERT_s_names_too()
    {
        Save("distilbert", config =>
        {
            foreach (var (old, other) in new[] { ("dim", "hidden_size"), ("n_heads", "num_attention_heads"), ("n_layers", "num_hidden_layers") })
            {
                config[other] = config[old]!.DeepClone();
                config.Remove(old);
            }
        });
        using var model = AutoModel.SequenceClassifier(_folder.Path);
        Assert.Equal((16, 2, 2), (model.Config.HiddenSize, model.Config.Heads, model.Config.Layers));

        Save("distilbert", config => config["hidden_size"] = 32);
        Assert.Contains("hidden_size", Assert.Throws<CheckpointException>(() => AutoModel.SequenceClassifier(_folder.Path)).Message, StringComparison.Ordinal);
    }

    /// <summary>The defaults of the Python library's classes, which a config.json may leave out.</summary>
    [Fact]
    public void Entries_that_are_not_there_have_the_reference_s_values()
    {
        var roberta = new RobertaConfig();
        Assert.Equal((50265, 512, 2, 1e-12, 1), (roberta.VocabularySize, roberta.MaxPositions, roberta.TypeVocabularySize, roberta.LayerNormEps, roberta.PadId));
        Assert.Equal(30522, new XlmRobertaConfig().VocabularySize);
        var deberta = new DebertaV2Config();
        Assert.Equal((128100, 1536, 24, 24, 6144), (deberta.VocabularySize, deberta.HiddenSize, deberta.Layers, deberta.Heads, deberta.IntermediateSize));
        Assert.Equal((6, 12, 3072), (new DistilBertConfig().Layers, new DistilBertConfig().Heads, new DistilBertConfig().IntermediateSize));
    }

    [Theory]
    [InlineData(null, 3)]
    [InlineData("single_label_classification", 3)]
    [InlineData("multi_label_classification", 3)]
    [InlineData("regression", 3)]
    [InlineData("multi_label_classification", 1)]
    public void The_loss_is_that_of_the_problem_type(string? problem, int labels)
    {
        using var scope = NewDisposeScope();
        using (var small = SmallClassifier.Make("bert", labels))
            small.SaveCheckpoint(_folder.Path);
        Change(config => config["problem_type"] = problem);
        using var model = AutoModel.SequenceClassifier(_folder.Path);
        var logits = tensor([0.5f, -1, 2, 0, 1, -2], [2, 3])[.., ..labels].contiguous();
        var targets = tensor([1f, 0, 1, 0, 0, 1], [2, 3])[.., ..labels].contiguous();
        var classes = tensor([2L, 0]);
        var expected = problem switch
        {
            "regression" => nn.functional.mse_loss(logits, targets),
            "multi_label_classification" => nn.functional.binary_cross_entropy_with_logits(logits, targets),
            _ => nn.functional.cross_entropy(logits, classes),
        };
        Assert.Equal(expected.item<float>(), model.Loss(logits, problem is null or "single_label_classification" ? classes : targets).item<float>());

        using var fresh = AutoModel.SequenceClassifier(_folder.Path, labels: 3, new PretrainedOptions { NewHead = true });
        Assert.Equal(nn.functional.cross_entropy(ones(2, 3), classes).item<float>(), fresh.Loss(ones(2, 3), classes).item<float>());
    }

    private void Save(string family, Action<JsonObject> change, Func<string, string>? edit = null)
    {
        using (var model = SmallClassifier.Make(family, 3))
            model.SaveCheckpoint(_folder.Path);
        Change(
            config =>
            {
                // DistilBERT's entries go by its own names only.
                foreach (var name in family == "distilbert" ? new[] { "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size" } : [])
                    config.Remove(name);
                change(config);
            },
            edit);
    }

    private void Change(Action<JsonObject> change, Func<string, string>? edit = null)
    {
        var path = _folder.File("config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(config);
        var text = config.ToJsonString();
        File.WriteAllText(path, edit?.Invoke(text) ?? text);
    }
}
