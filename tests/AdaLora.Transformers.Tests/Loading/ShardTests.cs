using System.Text.Json;
using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tests.Families;
using Xunit;

namespace AdaLora.Transformers.Tests.Loading;

public sealed class ShardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_model_in_shards_comes_back_and_every_tensor_is_stored_once()
    {
        using var model = SmallDecoder.Make("qwen2", isTied: true);
        model.SaveCheckpoint(_folder.Path, maxShardBytes: 4096);
        var index = JsonDocument.Parse(File.ReadAllBytes(_folder.File("model.safetensors.index.json"))).RootElement;
        var map = index.GetProperty("weight_map").EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetString()!, StringComparer.Ordinal);
        Assert.Equal(model.state_dict().Keys.Order(StringComparer.Ordinal), map.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(model.parameters().Sum(p => p.numel()) * 4, index.GetProperty("metadata").GetProperty("total_size").GetInt64());
        var files = Directory.GetFiles(_folder.Path, "*.safetensors");
        Assert.Equal(map.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal), files.Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        var stored = new List<string>();
        foreach (var file in files)
        {
            using var shard = SafetensorsFile.Open(file);
            stored.AddRange(shard.Entries.Keys);
            Assert.True(shard.Entries.Count == 1 || shard.Entries.Values.Sum(entry => entry.Shape.Aggregate(4L, (all, size) => all * size)) <= 4096);
        }

        Assert.Equal(map.Count, stored.Count);
        RequireEqual(model);
    }

    [Theory]
    [InlineData(null, 4096L)]
    [InlineData(4096L, null)]
    [InlineData(2000L, 8000L)]
    public void A_later_save_leaves_nothing_of_the_earlier_one(long? first, long? second)
    {
        using (var other = SmallDecoder.Make("llama"))
            other.SaveCheckpoint(_folder.Path, maxShardBytes: first);
        using var model = SmallDecoder.Make("mistral");
        model.SaveCheckpoint(_folder.Path, maxShardBytes: second);
        RequireEqual(model);
        Assert.Equal(second is not null, File.Exists(_folder.File("model.safetensors.index.json")));
        Assert.Equal(second is null, File.Exists(_folder.File("model.safetensors")));
        var shards = Directory.GetFiles(_folder.Path, "model-*").Select(file => Path.GetFileName(file)).ToList();
        Assert.All(shards, name => Assert.EndsWith($"-of-{shards.Count:00000}.safetensors", name, StringComparison.Ordinal));
    }

    /// <summary>A process that was killed while it moved the files of a checkpoint leaves the new one, whichever kind either is.</summary>
    [Theory]
    [InlineData(null, 4096L)]
    [InlineData(4096L, null)]
    public void Files_that_still_wait_to_be_moved_count(long? first, long? second)
    {
        using (var other = SmallDecoder.Make("llama"))
            other.SaveCheckpoint(_folder.Path, maxShardBytes: first);
        using var model = SmallDecoder.Make("mistral");
        var pending = Path.Combine(_folder.Path, ".checkpoint-pending");
        model.SaveCheckpoint(pending, maxShardBytes: second);
        RequireEqual(model);
        var one = Directory.GetFiles(pending, "*.safetensors").Order(StringComparer.Ordinal).First();
        if (second is not null)
            File.Move(one, Path.Combine(_folder.Path, Path.GetFileName(one)), overwrite: true);
        RequireEqual(model);
    }

    [Fact]
    public void A_shard_must_hold_something()
    {
        using var model = SmallDecoder.Make("llama");
        Assert.Contains("maxShardBytes", Assert.Throws<ArgumentOutOfRangeException>(() => model.SaveCheckpoint(_folder.Path, maxShardBytes: 0)).Message, StringComparison.Ordinal);
    }

    private void RequireEqual(CausalLM model)
    {
        using var back = AutoModel.CausalLM(_folder.Path);
        Assert.Empty(back.LoadReport!.NewlyInitialized);
        var expected = model.state_dict();
        Assert.All(back.state_dict(), pair => Assert.True(pair.Value.eq(expected[pair.Key]).all().item<bool>(), pair.Key));
    }
}
