using System.Text.Json.Nodes;
using AdaLora.TestSupport;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Loading;
using Xunit;

namespace AdaLora.Transformers.Tests.Heads;

/// <summary>The names of a head's classes, and the checkpoint that they are saved in.</summary>
public sealed class ClassNameTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Names_given_to_a_new_head_are_saved_both_ways_and_read_again()
    {
        using var model = Small(3);
        model.NameClasses(["no", "yes", "maybe"]);
        model.SaveCheckpoint(_folder.Path);

        Assert.Equal("""{"0":"no","1":"yes","2":"maybe"}""", Config()["id2label"]!.ToJsonString());
        Assert.Equal("""{"no":0,"yes":1,"maybe":2}""", Config()["label2id"]!.ToJsonString());
        using var loaded = AutoModel.SequenceClassifier(_folder.Path);
        Assert.Equal(["no", "yes", "maybe"], loaded.ClassNames);
        Assert.Equal(["no", "yes", "maybe"], model.ClassNames);
    }

    [Fact]
    public void The_numbers_of_a_former_heads_names_are_not_kept()
    {
        using (var model = Small(2))
        {
            model.NameClasses(["no", "yes"]);
            model.SaveCheckpoint(_folder.Path);
        }

        using var other = AutoModel.SequenceClassifier(_folder.Path, 3, new PretrainedOptions { NewHead = true });
        other.SaveCheckpoint(_folder.Path);

        Assert.Equal("""{"LABEL_0":0,"LABEL_1":1,"LABEL_2":2}""", Config()["label2id"]!.ToJsonString());
    }

    [Fact]
    public void Names_that_do_not_tell_the_classes_apart_are_refused()
    {
        using var model = Small(2);

        Assert.Contains("3 names for 2", Assert.Throws<ArgumentException>(() => model.NameClasses(["a", "b", "c"])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => model.NameClasses(["a", "a"]));
        Assert.Throws<ArgumentException>(() => model.NameClasses(["a", " "]));
        Assert.Throws<ArgumentNullException>(() => model.NameClasses(null!));
    }

    /// <summary>Which of the two files had been moved to its place when the process was killed.</summary>
    [Theory]
    [InlineData]
    [InlineData("model.safetensors")]
    [InlineData("model.safetensors", "config.json")]
    public void A_process_killed_while_replacing_a_checkpoint_leaves_the_newer_one(params string[] moved)
    {
        var newer = _folder.File("newer");
        foreach (var (folder, classes) in ((string, int)[])[(newer, 3), (_folder.Path, 2)])
        {
            using var model = Small(classes);
            model.SaveCheckpoint(folder);
        }

        var pending = Directory.CreateDirectory(_folder.File(".checkpoint-pending")).FullName;
        foreach (var file in (string[])["model.safetensors", "config.json"])
            File.Move(Path.Combine(newer, file), Path.Combine(moved.Contains(file) ? _folder.Path : pending, file), overwrite: true);

        using (var read = AutoModel.SequenceClassifier(_folder.Path))
            Assert.Equal(3, read.Labels);

        // Whoever writes next finishes it first.
        using (var model = Small(4))
            model.SaveCheckpoint(_folder.Path);
        using (var read = AutoModel.SequenceClassifier(_folder.Path))
            Assert.Equal(4, read.Labels);
        Assert.False(Directory.Exists(pending));
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    public void A_checkpoint_that_cannot_be_written_leaves_the_older_one(string obstacle)
    {
        using var model = Small(2);
        Directory.CreateDirectory(_folder.File(obstacle));

        Assert.Contains(obstacle, Assert.Throws<IOException>(() => model.SaveCheckpoint(_folder.Path)).Message, StringComparison.Ordinal);
        Assert.Equal([obstacle], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    private static BertForSequenceClassification Small(int labels) =>
        new(new BertConfig { VocabularySize = 20, HiddenSize = 8, Layers = 1, Heads = 2, IntermediateSize = 8, MaxPositions = 8 }, labels, seed: 1);

    private JsonNode Config() => JsonNode.Parse(File.ReadAllText(_folder.File("config.json")))!;
}
