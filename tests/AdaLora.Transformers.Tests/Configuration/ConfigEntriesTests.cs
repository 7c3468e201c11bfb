using System.Text.Json.Nodes;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Families.DebertaV2;
using AdaLora.Transformers.Families.DistilBert;
using AdaLora.Transformers.Families.Electra;
using AdaLora.Transformers.Families.Gpt2;
using AdaLora.Transformers.Families.Roberta;
using AdaLora.Transformers.Loading;
using Xunit;

namespace AdaLora.Transformers.Tests.Configuration;

/// <summary>config.json, read and written without reflection: every property has its entry, and every entry comes back.</summary>
public sealed class ConfigEntriesTests : IDisposable
{
    private static readonly Dictionary<string, EncoderConfig> Configurations = new(StringComparer.Ordinal)
    {
        ["bert"] = Full(new BertConfig()),
        ["roberta"] = Full(new RobertaConfig()),
        ["xlm-roberta"] = Full(new XlmRobertaConfig()),
        ["electra"] = Full(new ElectraConfig { EmbeddingSize = 8 }),
        ["distilbert"] = Full(new DistilBertConfig { QuestionAnsweringDropout = 0.25 }),
        ["deberta-v2"] = Full(new DebertaV2Config
        {
            RelativeAttention = true,
            MaxRelativePositions = 40,
            PositionBuckets = 8,
            PositionBiasedInput = false,
            PositionTerms = ["c2p"],
            SharesProjections = true,
            RelativeEmbeddingNorm = "layer_norm",
            ConvolutionSize = 3,
            ConvolutionActivation = "relu",
            ConvolutionGroups = 2,
            PoolerActivation = "tanh",
            PoolerDropout = 0.125,
            EmbeddingSize = 24,
        }),
    };

    private static readonly Gpt2Config Decoder = new()
    {
        VocabularySize = 90,
        HiddenSize = 24,
        Layers = 3,
        Heads = 4,
        HiddenActivation = "relu",
        HiddenDropout = 0.25,
        AttentionDropout = 0.5,
        EmbeddingDropout = 0.125,
        LayerNormEps = 0.25,
        MaxPositions = 40,
        InitializerRange = 0.5,
        TiesWordEmbeddings = false,
        BeginId = 3,
        EndIds = [4, 5],
        PadId = 6,
        InnerSize = 28,
        ScalesScores = false,
        ScalesScoresByLayer = true,
        AttendsInSinglePrecision = true,
        Other = new Dictionary<string, System.Text.Json.JsonElement> { ["own_entry"] = JsonFile.Parse("\"kept\""u8.ToArray()) },
    };

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Families => [.. Configurations.Keys];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_entry_comes_back(string family)
    {
        var written = Configurations[family].ToJson();

        var read = (EncoderConfig)Read(family, written);

        Assert.True(JsonNode.DeepEquals(written, read.ToJson()), read.ToJson().ToJsonString());
        Assert.Equal((24, 3, 4, 0.375, "kept"), (read.HiddenSize, read.Layers, read.Heads, read.ClassifierDropout, read.Other!["own_entry"].GetString()));
    }

    [Fact]
    public void Every_entry_of_a_decoder_comes_back_and_has_the_default_of_the_family_where_it_is_left_out()
    {
        var written = Decoder.ToJson();
        Assert.Equal(typeof(Gpt2Config).GetProperties().Length - 1, written.Count - 1);
        Assert.True(JsonNode.DeepEquals(written, Read("gpt2", written).ToJson()));
        Assert.Equal(new Gpt2Config(), Read("gpt2", new JsonObject { ["model_type"] = "gpt2" }));
        Assert.Equal([7], ((Gpt2Config)Read("gpt2", new JsonObject { ["model_type"] = "gpt2", ["eos_token_id"] = 7 })).EndIds);
    }

    [Theory]
    [InlineData("eos_token_id", "[1, \"two\"]")]
    [InlineData("add_cross_attention", "true")]
    [InlineData("activation_function", "\"geglu\"")]
    [InlineData("n_inner", "-4")]
    [InlineData("n_head", "5")]
    [InlineData("embd_pdrop", "1.5")]
    public void What_a_decoder_cannot_follow_is_refused_by_name(string entry, string value)
    {
        var json = new JsonObject { ["model_type"] = "gpt2", [entry] = JsonNode.Parse(value) };
        Assert.Contains(entry == "n_head"
            ? "5 heads"
            : entry.Replace("activation_function", "geglu", StringComparison.Ordinal), Assert.Throws<CheckpointException>(() => Read("gpt2", json)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_property_has_an_entry(string family)
    {
        var config = Configurations[family];
        // The rest of the file is not one entry, the names of classes are two (id2label and label2id), and DistilBERT's file has neither the layer norm's epsilon nor token types.
        var properties = config.GetType().GetProperties().Length - 1 + 1 - (family == "distilbert" ? 2 : 0);

        Assert.Equal(properties, config.ToJson().Count - config.Other!.Count);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void What_a_file_leaves_out_has_the_default_of_the_family(string family)
    {
        var defaults = (EncoderConfig)Activator.CreateInstance(Configurations[family].GetType())!;

        Assert.Equal(defaults, Read(family, new JsonObject { ["model_type"] = family }));
    }

    [Fact]
    public void All_entries_of_another_kind_are_listed()
    {
        var exception = Assert.Throws<CheckpointException>(() => Read("bert", new JsonObject
        {
            ["model_type"] = "bert",
            ["hidden_size"] = "many",
            ["num_hidden_layers"] = 2.5,
            ["hidden_act"] = 3,
            ["is_decoder"] = "no",
            ["id2label"] = new JsonArray(),
        }));

        Assert.All((string[])["hidden_size", "num_hidden_layers", "hidden_act", "is_decoder", "id2label"], name => Assert.Contains(name, exception.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_pipe_in_place_of_the_file_is_refused_and_not_waited_for()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Named pipes are made with mkfifo.");
        Pipes.Make(_folder.File("config.json"));

        Assert.Contains("pipe", Assert.ThrowsAny<IOException>(() => CheckpointFolder.Open(_folder.Path)).Message, StringComparison.Ordinal);
    }

    private static TConfig Full<TConfig>(TConfig config)
        where TConfig : EncoderConfig => config with
        {
            VocabularySize = 50,
            HiddenSize = 24,
            Layers = 3,
            Heads = 4,
            IntermediateSize = 28,
            HiddenActivation = "relu",
            HiddenDropout = 0.25,
            AttentionDropout = 0.5,
            ClassifierDropout = 0.375,
            MaxPositions = 40,
            PadId = 2,
            InitializerRange = 0.5,
            ProblemType = "single_label_classification",
            LabelNames = new Dictionary<string, string> { ["0"] = "no", ["1"] = "yes" },
            Other = new Dictionary<string, System.Text.Json.JsonElement> { ["own_entry"] = JsonFile.Parse("\"kept\""u8.ToArray()) },
        };

    private ModelConfig Read(string family, JsonObject json)
    {
        File.WriteAllText(_folder.File("config.json"), json.ToJsonString());
        SafetensorsWriter.Write(_folder.File("model.safetensors"), new Dictionary<string, TorchSharp.torch.Tensor>());
        using var checkpoint = CheckpointFolder.Open(_folder.Path);
        Assert.Equal(family, checkpoint.Config.Text("model_type"));
        return ModelFamily.Of(checkpoint).ReadConfig(checkpoint.Config, checkpoint.ConfigPath);
    }
}
