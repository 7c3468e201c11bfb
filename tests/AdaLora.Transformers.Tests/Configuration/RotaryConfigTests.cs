using System.Text.Json.Nodes;
using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.Gemma3;
using AdaLora.Transformers.Families.Llama;
using AdaLora.Transformers.Families.Mistral;
using AdaLora.Transformers.Families.Qwen2;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tests.Families;
using Xunit;

namespace AdaLora.Transformers.Tests.Configuration;

/// <summary>What config.json may say about rotary positions, windows and heads, under its newer and its older names.</summary>
public sealed class RotaryConfigTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""{ "rope_theta": 500.0 }""")]
    [InlineData("""{ "rope_parameters": { "rope_type": "default", "rope_theta": 500.0 } }""")]
    [InlineData("""{ "rope_scaling": null, "rope_theta": 500.0 }""")]
    public void The_base_has_an_older_and_a_newer_place(string entries)
    {
        var config = Read<LlamaConfig>("llama", entries);
        Assert.Equal(500, config.Rotary.Base);
        Assert.Equal(RotaryType.Default, config.Rotary.Type);
    }

    [Theory]
    [InlineData("rope_scaling", "type")]
    [InlineData("rope_scaling", "rope_type")]
    [InlineData("rope_parameters", "rope_type")]
    public void Scaling_has_an_older_and_a_newer_name(string entry, string type)
    {
        var config = Read<LlamaConfig>("llama", $$"""{ "rope_theta": 500.0, "{{entry}}": { "{{type}}": "linear", "factor": 2.5 } }""");
        Assert.Equal((RotaryType.Linear, 500, 2.5), (config.Rotary.Type, config.Rotary.Base, config.Rotary.Factor));
    }

    [Theory]
    [InlineData("""{ "rope_type": "mrope", "factor": 2 }""", "rope_parameters.rope_type 'mrope' is not supported (supported: default, linear, dynamic, yarn, longrope, llama3)")]
    [InlineData("""{ "rope_type": "linear", "factor": 2, "mrope_section": [1] }""", "rope_parameters.mrope_section is [1], which is not supported")]
    [InlineData("""{ "rope_type": "linear" }""", "factor null; it must be above 0")]
    [InlineData("""{ "rope_type": "linear", "factor": -1 }""", "factor -1; it must be above 0")]
    [InlineData("""{ "rope_type": "linear", "factor": "two" }""", "rope_parameters.factor is \"two\"; it must be a number")]
    [InlineData("""{ "rope_type": "llama3", "factor": 2, "low_freq_factor": 4, "high_freq_factor": 1 }""", "low_freq_factor 4 must be above 0, and high_freq_factor 1 above it")]
    [InlineData("""{ "rope_type": "longrope", "short_factor": [1, 2, 3], "long_factor": [1, 2] }""", "short_factor must hold 2 numbers above 0")]
    [InlineData("""{ "rope_type": "default", "partial_rotary_factor": 0.75 }""", "3 entries of each head would be rotated")]
    [InlineData("""{ "rope_theta": 0 }""", "rope_theta 0 is not finite and above 0")]
    [InlineData("""{ "rope_type": "yarn", "factor": 2, "attention_factor": -1, "mscale": -1 }""", "attention_factor is -1; it must be above 0; mscale is -1; it must not be negative")]
    [InlineData("""{ "rope_type": "yarn", "factor": 2, "rope_theta": 1 }""", "rope_theta 1 must be above 1 with yarn")]
    [InlineData("[1]", "rope_parameters is [1]; it must be an object")]
    public void What_cannot_be_followed_is_refused_by_name(string rotary, string fault) =>
        Assert.Contains(fault, Assert.Throws<CheckpointException>(() => Read<LlamaConfig>("llama", $$"""{ "rope_parameters": {{rotary}} }""")).Message, StringComparison.Ordinal);

    [Fact]
    public void No_window_is_not_the_same_as_no_entry()
    {
        Assert.Null(Read<MistralConfig>("mistral", """{ "sliding_window": null }""").SlidingWindow);
        Assert.Equal(4096, Read<MistralConfig>("mistral", "{}", "sliding_window").SlidingWindow);
        Assert.Equal([], Read<MistralConfig>("mistral", """{ "eos_token_id": null }""").EndIds);
        Assert.Null(Read<MistralConfig>("mistral", """{ "bos_token_id": null }""").BeginId);
    }

    [Fact]
    public void Layers_have_windows_by_their_types_or_by_the_rule_of_the_family()
    {
        var qwen = Read<Qwen2Config>("qwen2", "{}", "layer_types");
        Assert.Equal([null, 3], Enumerable.Range(0, 2).Select(qwen.WindowOf));
        qwen = Read<Qwen2Config>("qwen2", """{ "layer_types": ["sliding_attention", "full_attention"] }""");
        Assert.Equal([3, null], Enumerable.Range(0, 2).Select(qwen.WindowOf));
        qwen = Read<Qwen2Config>("qwen2", """{ "use_sliding_window": false }""");
        Assert.Equal([null, null], Enumerable.Range(0, 2).Select(qwen.WindowOf));
        Assert.Contains("layer_types has 1 entries, but there are 2 layers", Fault("qwen2", """{ "layer_types": ["full_attention"] }"""), StringComparison.Ordinal);
        Assert.Contains("layer_types holds 'chunked_attention', which is not supported", Fault("qwen2", """{ "layer_types": ["full_attention", "chunked_attention"] }"""), StringComparison.Ordinal);
        Assert.Contains("layer_types is set, which is not supported", Fault("mistral", """{ "layer_types": ["full_attention", "full_attention"] }"""), StringComparison.Ordinal);
    }

    [Fact]
    public void Gemma_has_two_bases_under_older_and_newer_names()
    {
        var older = Read<Gemma3TextConfig>("gemma3_text", """{ "rope_theta": 70.0, "rope_local_base_freq": 30.0, "rope_scaling": { "rope_type": "linear", "factor": 8.0 } }""", "rope_parameters");
        Assert.Equal((70, 30, 8, RotaryType.Linear), (older.Rotary.Base, older.LocalRotary.Base, older.Rotary.Factor, older.Rotary.Type));
        Assert.Equal(RotaryType.Default, older.LocalRotary.Type);
        var newer = Read<Gemma3TextConfig>("gemma3_text",
            """{ "rope_parameters": { "full_attention": { "rope_type": "linear", "factor": 8.0, "rope_theta": 70.0 }, "sliding_attention": { "rope_type": "default", "rope_theta": 30.0 } } }""",
            "rope_theta", "rope_local_base_freq");
        Assert.Equal((older.Rotary, older.LocalRotary), (newer.Rotary, newer.LocalRotary));
    }

    [Fact]
    public void Heads_must_divide()
    {
        Assert.Contains("the 4 heads are not a multiple of the 3 key and value heads", Fault("llama", """{ "num_key_value_heads": 3 }"""), StringComparison.Ordinal);
        Assert.Contains("hidden_size 18 is not a multiple of the 4 heads, and head_dim is missing", Fault("llama", """{ "hidden_size": 18 }""", "head_dim"), StringComparison.Ordinal);
        Assert.Contains("num_attention_heads x head_dim requires 40", Fault("llama", """{ "head_dim": 10 }"""), StringComparison.Ordinal);
    }

    private string Fault(string family, string entries, params string[] without) => Assert.Throws<CheckpointException>(() => Read<RotaryDecoderConfig>(family, entries, without)).Message;

    private TConfig Read<TConfig>(string family, string entries, params string[] without)
        where TConfig : DecoderConfig
    {
        using (var model = SmallDecoder.Make(family))
            model.SaveCheckpoint(_folder.Path);
        var json = JsonNode.Parse(File.ReadAllText(_folder.File("config.json")))!.AsObject();
        foreach (var entry in without)
            json.Remove(entry);
        foreach (var (name, value) in JsonNode.Parse(entries)!.AsObject())
        {
            if (name is "rope_theta" or "rope_scaling" or "rope_parameters")
                json.Remove("rope_parameters");
            json[name] = value?.DeepClone();
        }

        File.WriteAllText(_folder.File("config.json"), json.ToJsonString());
        using CausalLM read = AutoModel.CausalLM(_folder.Path);
        return (TConfig)read.Config;
    }
}
