using AdaLora.TestSupport;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tests.Families;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AdaLora.Transformers.Tests.Loading;

/// <summary>What loading ignores or initialises is also logged, not only reported.</summary>
public sealed class LoadWarningTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordingLogger _logger = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_head_that_is_left_out_for_a_new_one_is_a_warning()
    {
        Save("bert");
        using var model = AutoModel.SequenceClassifier(_folder.Path, labels: 2, new PretrainedOptions { NewHead = true, Logger = _logger });
        var warning = Assert.Single(Warnings);
        Assert.Contains("classifier.weight", warning, StringComparison.Ordinal);
        Assert.Empty(model.LoadReport!.Unexpected);
    }

    [Fact]
    public void A_head_of_another_task_and_a_new_one_nobody_asked_for_are_warnings()
    {
        Save("roberta");
        using var model = AutoModel.QuestionAnswerer(_folder.Path, new PretrainedOptions { Logger = _logger });
        Assert.Equal(2, Warnings.Count);
        Assert.Contains(Warnings, warning => warning.Contains("classifier.dense.weight", StringComparison.Ordinal));
        Assert.Contains(Warnings, warning => warning.Contains("qa_outputs.weight", StringComparison.Ordinal));
    }

    [Fact]
    public void A_head_that_is_kept_and_an_encoder_alone_are_none()
    {
        Save("bert");
        AutoModel.SequenceClassifier(_folder.Path, options: new PretrainedOptions { Logger = _logger }).Dispose();
        AutoModel.Encoder(_folder.Path, new PretrainedOptions { Logger = _logger }).Dispose();
        Assert.Empty(Warnings);
        Assert.Contains(_logger.Entries, entry => entry.Level == LogLevel.Information && entry.Text.Contains("classifier.weight", StringComparison.Ordinal));
    }

    [Fact]
    public void Classes_in_another_order_than_the_kept_head_s_are_told()
    {
        using (var small = SmallClassifier.Make("bert", 3))
        {
            small.SaveCheckpoint(_folder.Path);
            var path = _folder.File("config.json");
            File.WriteAllText(path, File.ReadAllText(path).Replace("LABEL_0", "Entailment", StringComparison.Ordinal).Replace("LABEL_1", "neutral", StringComparison.Ordinal)
                .Replace("LABEL_2", "contradiction", StringComparison.Ordinal));
        }
        using var model = AutoModel.SequenceClassifier(_folder.Path);
        Assert.Null(model.DescribeClassMismatch(["entailment", "neutral", "contradiction"]));
        var other = model.DescribeClassMismatch(["contradiction", "entailment", "neutral"]);
        Assert.Contains("0 is 'Entailment' in the checkpoint and 'contradiction' in the data", other, StringComparison.Ordinal);
        Assert.Contains("'a'", model.DescribeClassMismatch(["a", "b", "c"]), StringComparison.Ordinal);
        Assert.Contains("2", model.DescribeClassMismatch(["entailment", "neutral"]), StringComparison.Ordinal);

        using var fresh = AutoModel.SequenceClassifier(_folder.Path, labels: 3, new PretrainedOptions { NewHead = true });
        Assert.Null(fresh.ClassNames);
        Assert.Null(fresh.DescribeClassMismatch(["contradiction", "entailment", "neutral"]));
    }

    private IReadOnlyList<string> Warnings => [.. _logger.Entries.Where(entry => entry.Level == LogLevel.Warning).Select(entry => entry.Text)];

    private void Save(string family)
    {
        using var model = SmallClassifier.Make(family, 3);
        model.SaveCheckpoint(_folder.Path);
    }
}
