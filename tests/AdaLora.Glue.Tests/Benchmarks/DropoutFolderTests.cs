using System.Text.Json.Nodes;
using AdaLora.Benchmarks;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class DropoutFolderTests : IDisposable
{
    private const string Config = """{"hidden_size":8,"hidden_dropout_prob":0.1,"classifier_dropout":null,"attention_dropout":0.2}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Checkpoint_with_dropout_is_used_as_it_is()
    {
        using var checkpoint = new DropoutFolder(_folder.Path, 0.1);

        Assert.Equal(_folder.Path, checkpoint.Path);
    }

    [Fact]
    public void Copy_without_dropout_has_every_rate_at_0_and_the_same_other_files()
    {
        _folder.Write("model/config.json", Config);
        _folder.Write("model/model.safetensors", "weights");
        string copy;
        using (var checkpoint = new DropoutFolder(_folder.File("model"), 0))
        {
            copy = checkpoint.Path;
            var config = JsonNode.Parse(File.ReadAllText(Path.Combine(copy, "config.json")))!.AsObject();

            Assert.Equal("model", Path.GetFileName(copy));
            Assert.Equal("weights", File.ReadAllText(Path.Combine(copy, "model.safetensors")));
            Assert.Equal(8, (int)config["hidden_size"]!);
            Assert.All(["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "attention_dropout"], name => Assert.Equal(0, (double)config[name]!));
        }

        Assert.False(Directory.Exists(copy));
        Assert.Equal(Config, File.ReadAllText(_folder.File("model", "config.json")));
        Assert.True(File.Exists(_folder.File("model", "model.safetensors")));
    }
}
