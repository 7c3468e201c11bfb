using System.Text.Json.Nodes;
using AdaLora.Peft;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Peft;

/// <summary>Configurations that were crafted to cost time or memory: followed without much of either, or refused with the name of the field.</summary>
public sealed class HostileConfigurationTests : IDisposable
{
    private const string Module = "encoder.layer.0.attention.self.query";
    private const long FewBytes = 200 << 20;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("(?:[a-z.]+[a-z0-9.]+)*!")]
    [InlineData("(?:a|a|[a-z0-9.]*)*!")]
    public void A_key_that_would_backtrack_without_end_is_matched_without(string key)
    {
        WriteLora(config => config["rank_pattern"] = new JsonObject { [key] = 3, ["query"] = 2 });

        Assert.Equal(2, Assert.Single(AdapterInspection.Read(_folder.Path).Matrices).Rank);
    }

    [Fact]
    public void A_key_that_cannot_be_matched_without_backtracking_is_refused_by_name_when_it_takes_too_long()
    {
        WriteLora(config => config["rank_pattern"] = new JsonObject { ["(?=(?:[a-z.]+[a-z0-9.]+)*!).*query"] = 2 });

        Assert.Contains("rank_pattern", Assert.Throws<InvalidDataException>(() => AdapterInspection.Read(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Targets_that_take_too_long_are_refused_by_name()
    {
        var selects = new ModuleExpressions("target_modules").WholeName("(?=(?:[a-z.]+[a-z0-9.]+)*!).*query")!;

        Assert.Contains("target_modules", Assert.Throws<InvalidDataException>(() => selects(Module)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_slow_expressions_share_one_time()
    {
        // Each takes a fraction of a second for the name of 20 letters, and none of them as long as a single one may.
        var expressions = new ModuleExpressions("rank_pattern");
        var slow = Enumerable.Range(0, 10_000).Select(i => expressions.EndOfName($"(?=(?:[a-z]+[a-z]+)*!).*{i}"));

        Assert.Throws<InvalidDataException>(() => slow.Count(matches => matches("abcdefghijklmnopqrst")));
    }

    [Fact]
    public void Twenty_thousand_keys_are_compared_as_names_and_not_compiled_again_and_again()
    {
        var keys = Enumerable.Range(0, 20_000).Select(i => KeyValuePair.Create($"layer.{i}.output", (JsonNode?)4)).Append(KeyValuePair.Create("query", (JsonNode?)2));
        WriteLora(config => config["rank_pattern"] = new JsonObject(keys));

        var bytes = Allocated(() => Assert.Equal(2, Assert.Single(AdapterInspection.Read(_folder.Path).Matrices).Rank));

        Assert.InRange(bytes, 0, FewBytes);
    }

    [Theory]
    [InlineData("query", "xquery", false)]
    [InlineData("self.query", "selfXquery", true)]
    [InlineData("self.query", "a.self.query", true)]
    [InlineData("self.query", "aself.query", false)]
    [InlineData("a|b", "x.b", true)]
    [InlineData("^a", "x.a", false)]
    [InlineData("a)|(b", "x.a)|(b", true)]
    public void Keys_mean_what_they_mean_to_the_reference(string key, string name, bool matches) =>
        Assert.Equal(matches, new ModuleExpressions("rank_pattern").EndOfName(key)(name));

    [Theory]
    [InlineData(1_000_000_000)]
    [InlineData(int.MaxValue)]
    public void An_initial_rank_of_billions_is_compared_with_what_is_stored_before_memory_is_taken_for_it(int rank)
    {
        new SavedByHand(_folder.Path) { Config = { ["init_r"] = rank } }.With(Module, ones(5, 4), ones(4, 1), ones(4, 3)).Write();

        var bytes = Allocated(() => Assert.Contains(Module, Assert.Throws<InvalidDataException>(() => AdapterInspection.Read(_folder.Path)).Message, StringComparison.Ordinal));

        Assert.InRange(bytes, 0, FewBytes);
    }

    [Fact]
    public void Factors_without_elements_do_not_vouch_for_a_rank_of_billions()
    {
        new SavedByHand(_folder.Path) { Config = { ["peft_type"] = "LORA", ["r"] = int.MaxValue } }
            .With($"{Module}.lora_A.weight", empty(int.MaxValue, 0)).With($"{Module}.lora_B.weight", empty(0, int.MaxValue)).Write();

        var bytes = Allocated(() => Assert.Contains("without elements", Assert.Throws<InvalidDataException>(() => AdapterInspection.Read(_folder.Path)).Message, StringComparison.Ordinal));

        Assert.InRange(bytes, 0, FewBytes);
    }

    [Theory]
    [InlineData("lora_alpha", "ADALORA")]
    [InlineData("lora_alpha", "LORA")]
    [InlineData("alpha_pattern", "LORA")]
    public void A_scale_beyond_single_precision_is_refused_by_name(string field, string kind)
    {
        WriteLora(config =>
        {
            config["peft_type"] = kind;
            config[field] = field == "lora_alpha" ? 1e300 : new JsonObject { ["query"] = 1e300 };
        });

        Assert.Contains(field, Assert.Throws<InvalidDataException>(() => AdapterInspection.Read(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_with_more_dimensions_than_any_tensor_has_is_refused_when_they_begin_to_be_too_many()
    {
        var path = _folder.File("many.safetensors");
        var ones = string.Concat(Enumerable.Repeat(",1", 2_000_000));
        var header = $$$"""{"t":{"dtype":"F32","shape":[0{{{ones}}}],"data_offsets":[0,0]}}""";
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)header.Length), .. header.Select(c => (byte)c)]);

        var bytes = Allocated(() => Assert.Contains("64", Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal));

        Assert.InRange(bytes, 0, 3L * header.Length);
    }

    [Fact]
    public void The_checksum_is_of_what_was_read_and_not_of_a_file_that_has_taken_its_place()
    {
        var (path, other) = (_folder.File("a.safetensors"), _folder.File("b.safetensors"));
        SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { ["x"] = ones(3), ["flags"] = tensor(new[] { true, false }), ["none"] = empty(0, 3) });
        SafetensorsWriter.Write(other, new Dictionary<string, Tensor> { ["x"] = zeros(3), ["flags"] = tensor(new[] { true, false }), ["none"] = empty(0, 3) });
        var (first, second) = (Hash(path), Hash(other));

        using var file = SafetensorsFile.Open(path);
        File.Move(other, path, overwrite: true);
        Assert.Equal(first, file.HashOf(file.ReadAll()));
        using var overwritten = SafetensorsFile.Open(path);
        Assert.Equal(second, overwritten.HashOf(overwritten.ReadAll()));

        static byte[] Hash(string path) => System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path));
    }

    private void WriteLora(Action<JsonObject> change)
    {
        var saved = new SavedByHand(_folder.Path) { Config = { ["peft_type"] = "LORA", ["r"] = 2 } };
        change(saved.Config);
        saved.With($"{Module}.lora_A.weight", ones(2, 3)).With($"{Module}.lora_B.weight", ones(5, 2)).Write();
    }

    private static long Allocated(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
