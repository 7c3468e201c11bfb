using System.CommandLine;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;
using AdaLora.Glue.Tasks;
using Xunit;

namespace AdaLora.Glue.Tests;

[Collection(Pictures.Name)]
public sealed class RootCommandTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public void Without_arguments_the_demo_runs_and_compares_its_methods()
    {
        Assert.Equal(ExitCode.Success, _line.Run());

        Assert.Equal([TrainingMethods.Frozen, TrainingMethods.AdaLora], _line.Runner.Asked.Select(settings => settings.Method));
        Assert.All((string[])["frozen", "adalora"], method => Assert.True(File.Exists(_line.Path("demo", method, "metrics.json"))));
        var summary = _line.OutputText[_line.OutputText.LastIndexOf("results on cola", StringComparison.Ordinal)..];
        Assert.Contains("frozen", summary);
        Assert.Contains("adalora", summary);
    }

    [Fact]
    public void Help_of_train_names_every_option_with_defaults_and_examples()
    {
        Assert.Equal(ExitCode.Success, _line.Run("train", "--help"));

        Assert.All(RunOptions.All, option => Assert.Contains(option.Name + " ", _line.OutputText));
        Assert.All(RunOptions.All, option => Assert.False(string.IsNullOrEmpty(option.CreateOption(GlueTasks.Catalog).Description)));
        foreach (var text in (string[])["--quiet", "--json", "[default: 12]", "[default: 0.06]", "[default: adalora]", "0.00005 for full", "Examples:", "train --task stsb", "cola, sst2"])
            Assert.Contains(text, string.Join(' ', _line.OutputText.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
        Assert.Empty(_line.ErrorText);
    }

    [Fact]
    public void Help_of_the_root_lists_commands_and_runs_nothing()
    {
        Assert.Equal(ExitCode.Success, _line.Run("--help"));

        Assert.Contains("train", _line.OutputText);
        Assert.Contains("Examples:", _line.OutputText);
        Assert.Empty(_line.Runner.Asked);
    }

    [Fact]
    public void More_commands_can_be_added_and_their_codes_count()
    {
        var extra = new Command("pretrain-demo", "Makes the demo's model.");
        extra.SetAction(_ => 7);
        _line.MoreCommands = [extra];

        Assert.Equal(7, _line.Run("pretrain-demo"));
    }
}
