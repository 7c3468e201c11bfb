using System.Text.Json.Nodes;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Programs;
using AdaLora.Glue.Commands;
using Xunit;

namespace AdaLora.Glue.Tests.Comparison;

[Collection(Pictures.Name)]
public sealed class CompareCommandTests : IDisposable
{
    private readonly FakeCellRunner _runner = new();
    private readonly CommandLine _line = new();

    public CompareCommandTests() => _line.MoreCommands = [CompareCommand.Create(GlueDescription.Application, _runner)];

    public void Dispose() => _line.Dispose();

    [Fact]
    public void Every_method_task_and_seed_is_a_run_of_its_own()
    {
        Assert.Equal(ExitCode.Success, Compare("--methods", "adalora,full", "--tasks", "cola,mrpc", "--seeds", "1,3"));

        Assert.Equal(
            ["cola · adalora · seed 1", "cola · full · seed 1", "mrpc · adalora · seed 1", "mrpc · full · seed 1", "cola · adalora · seed 3", "cola · full · seed 3",
                "mrpc · adalora · seed 3", "mrpc · full · seed 3"],
            _runner.Begun);
        Assert.Equal(
            ["cola-adalora-1", "cola-adalora-3", "cola-full-1", "cola-full-3", "mrpc-adalora-1", "mrpc-adalora-3", "mrpc-full-1", "mrpc-full-3"],
            Directory.GetDirectories(_line.Output).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(5e-5, OptionOf("cola-full-1", "lr"));
        Assert.Equal(8e-4, OptionOf("cola-adalora-1", "lr"));
        Assert.Equal(3, OptionOf("mrpc-full-3", "seed"));
    }

    [Fact]
    public void Table_picture_and_runs_are_written_and_shown()
    {
        Assert.Equal(ExitCode.Success, Compare("--methods", "adalora,full", "--tasks", "cola,mrpc", "--seeds", "1-3"));

        var table = File.ReadAllText(Path.Combine(_line.Output, "comparison.md"));
        Assert.Contains("| adalora | 0.240 ± 0.000 | 0.748 ± 0.000 | 0.494 |", table, StringComparison.Ordinal);
        Assert.Contains("| full | 0.240 ± 0.000 | 0.240, 0.240, 0.240 | 200,000 | 10:42 | 450 |", table, StringComparison.Ordinal);
        var runs = File.ReadAllLines(Path.Combine(_line.Output, "comparison.csv"));
        Assert.Equal(1 + 12, runs.Length);
        Assert.StartsWith("panel,row,task,method,seed,status,matthews,accuracy,trainable_start", runs[0], StringComparison.Ordinal);
        Assert.StartsWith("cola,adalora,cola,adalora,1,done,0.24,", runs[1], StringComparison.Ordinal);
        foreach (var picture in (string[])["comparison.png", "comparison-curves.png"])
            Assert.Equal([137, 80, 78, 71], File.ReadAllBytes(Path.Combine(_line.Output, picture)).Take(4));
        foreach (var text in (string[])["12 runs, 0 of them already done", "done 12/12", "step 1/600", "0.240 ± 0.000", "comparison.md", "comparison-curves.png"])
            Assert.Contains(text, _line.OutputText, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_that_cannot_be_written_any_more_is_told_in_one_line()
    {
        var table = Path.Combine(_line.Output, "comparison.csv");
        _runner.Before = name =>
        {
            File.Delete(table);
            Directory.CreateDirectory(table);
        };

        Assert.Equal(ExitCode.Failure, Compare("--methods", "adalora", "--tasks", "cola", "--seeds", "1,2"));

        Assert.StartsWith($"'{table}' can't be written: ", _line.ErrorText, StringComparison.Ordinal);
        _ = Assert.Single(_line.ErrorText.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Parts_of_a_comparison_are_carried_out_apart_and_the_last_one_has_all()
    {
        string[] arguments = ["--methods", "adalora,full", "--tasks", "cola", "--seeds", "1-3"];

        Assert.Equal(ExitCode.Success, Compare([.. arguments, "--shard", "1/3"]));
        Assert.Equal(["cola · adalora · seed 1", "cola · full · seed 2"], _runner.Begun);
        // Another machine finishes its part while this one works.
        _runner.Before = name =>
        {
            _runner.Before = _ => { };
            Assert.Equal(ExitCode.Success, Compare([.. arguments, "--shard", "2/3"]));
        };
        Assert.Equal(ExitCode.Success, Compare([.. arguments, "--shard", "3/3"]));

        Assert.Equal(6, _runner.Begun.Distinct().Count());
        Assert.Equal(6, _runner.Begun.Count);
        Assert.Equal(1 + 6, File.ReadAllLines(Path.Combine(_line.Output, "comparison.csv")).Length);
        Assert.Contains("6 runs, 2 of them already done, 2 to do in part 3/3", _line.OutputText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0/3")]
    [InlineData("4/3")]
    [InlineData("2")]
    [InlineData("a/b")]
    public void A_part_that_is_none_is_refused(string part)
    {
        Assert.Equal(ExitCode.BadInput, Compare("--methods", "adalora", "--tasks", "cola", "--shard", part));
        Assert.Contains($"--shard: expected a part such as 2/4, found '{part}'", _line.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public void Runs_that_have_ended_are_read_and_not_repeated()
    {
        Assert.Equal(ExitCode.Success, Compare("--methods", "adalora", "--tasks", "cola", "--seeds", "1,2"));
        _runner.Begun.Clear();

        Assert.Equal(ExitCode.Success, Compare("--methods", "adalora,lora", "--tasks", "cola", "--seeds", "1,2,3", "--threads", "2", "--jobs", "2"));

        Assert.Equal(["cola · adalora · seed 3", "cola · lora · seed 1", "cola · lora · seed 2", "cola · lora · seed 3"], _runner.Begun.Order(StringComparer.Ordinal));
        Assert.Contains("6 runs, 2 of them already done", _line.OutputText, StringComparison.Ordinal);
    }

    [Fact]
    public void An_option_that_a_method_does_not_read_leaves_its_results_valid()
    {
        Assert.Equal(ExitCode.Success, Compare("--methods", "full", "--tasks", "cola", "--seeds", "1"));

        Assert.Equal(ExitCode.Success, Compare("--methods", "adalora,full", "--tasks", "cola", "--seeds", "1", "--gamma", "0.3"));
        Assert.Equal(["cola · full · seed 1", "cola · adalora · seed 1"], _runner.Begun);
    }

    [Fact]
    public void Results_of_other_options_are_refused_before_anything_is_done()
    {
        Assert.Equal(ExitCode.Success, Compare("--methods", "full,lora", "--tasks", "cola", "--seeds", "1"));
        _runner.Begun.Clear();

        Assert.Equal(ExitCode.BadInput, Compare("--methods", "full,lora,adalora", "--tasks", "cola", "--seeds", "1", "--epochs", "3", "--batch-size", "16"));

        Assert.Empty(_runner.Begun);
        Assert.Contains("cola-full-1", _line.ErrorText, StringComparison.Ordinal);
        Assert.Contains("cola-lora-1", _line.ErrorText, StringComparison.Ordinal);
        Assert.Contains("--epochs: 25 there, 3 here; --batch-size: 32 there, 16 here", _line.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_fails_takes_no_other_with_it()
    {
        _runner.Failures["cola · full · seed 1"] = "No memory, \"none\" at all.";

        Assert.Equal(ExitCode.Failure, Compare("--methods", "full,lora", "--tasks", "cola", "--seeds", "1,2"));

        Assert.Equal(4, _runner.Begun.Count);
        Assert.Contains("Failed: cola · full · seed 1: No memory", _line.ErrorText, StringComparison.Ordinal);
        Assert.Contains("0.240 (1 without)", File.ReadAllText(Path.Combine(_line.Output, "comparison.md")), StringComparison.Ordinal);
        Assert.Contains(File.ReadAllLines(Path.Combine(_line.Output, "comparison.csv")), row => row.Contains(",failed,", StringComparison.Ordinal)
            && row.EndsWith("\"No memory, \"\"none\"\" at all.\"", StringComparison.Ordinal));

        _runner.Failures.Clear();
        _runner.Begun.Clear();
        Assert.Equal(ExitCode.Success, Compare("--methods", "full,lora", "--tasks", "cola", "--seeds", "1,2"));
        Assert.Equal(["cola · full · seed 1"], _runner.Begun);
    }

    [Fact]
    public void A_runner_that_throws_fails_its_cell_alone()
    {
        _runner.Before = name =>
        {
            if (name.StartsWith("cola · full", StringComparison.Ordinal))
                throw new InvalidOperationException("lost");
        };

        Assert.Equal(ExitCode.Failure, Compare("--methods", "full,lora", "--tasks", "cola", "--seeds", "1"));
        Assert.Contains("Failed: cola · full · seed 1: lost", _line.ErrorText, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_line.Output, "cola-lora-1", "metrics.json")));
    }

    [Fact]
    public void Cancelling_stops_the_run_under_way_and_keeps_the_others()
    {
        using var source = new CancellationTokenSource();
        _runner.Before = name =>
        {
            if (name.Contains("lora · seed 2", StringComparison.Ordinal))
                source.Cancel();
        };

        Assert.Equal(ExitCode.Cancelled, _line.Run(Arguments("--methods", "lora,full", "--tasks", "cola", "--seeds", "1-3"), source.Token));

        Assert.Equal(["cola · lora · seed 1", "cola · full · seed 1", "cola · lora · seed 2"], _runner.Begun);
        Assert.Contains("Run the same command again", _line.OutputText, StringComparison.Ordinal);
        Assert.Equal(["done", "done", "stopped"], File.ReadAllLines(Path.Combine(_line.Output, "comparison.csv")).Skip(1).Select(row => row.Split(',')[5]).Order());
    }

    [Fact]
    public void Jobs_run_side_by_side()
    {
        using var both = new Barrier(2);
        _runner.Before = _ => Assert.True(both.SignalAndWait(TimeSpan.FromSeconds(30)));

        Assert.Equal(ExitCode.Success, Compare("--methods", "lora,full", "--tasks", "cola", "--seeds", "1", "--jobs", "2"));
    }

    [Theory]
    [InlineData("--methods: Unknown method 'nonsense'", "--methods", "nonsense", "--tasks", "cola")]
    [InlineData("Unknown task", "--tasks", "nonsense")]
    [InlineData("--tasks", "--methods", "lora")]
    [InlineData("--jobs", "--tasks", "cola", "--jobs", "0")]
    [InlineData("--epochs: must be at least 1", "--tasks", "cola,mrpc", "--epochs", "0")]
    [InlineData("--seeds", "--tasks", "cola", "--seeds", "one")]
    public void Bad_options_are_told(string message, params string[] options)
    {
        Assert.Equal(ExitCode.BadInput, Compare(options));
        Assert.Contains(message, _line.ErrorText, StringComparison.Ordinal);
        Assert.Empty(_runner.Begun);
    }

    [Fact]
    public void Without_a_choice_all_methods_run_with_three_seeds()
    {
        Assert.Equal(ExitCode.Success, Compare("--tasks", "cola"));

        Assert.Equal(TrainingMethods.All.Count * 3, _runner.Begun.Count);
        Assert.Contains("cola · frozen · seed 3", _runner.Begun);
    }

    private int Compare(params string[] more) => _line.Run(Arguments(more));

    private string[] Arguments(params string[] more) => ["compare", "--data", _line.Data, "--model", _line.Model, "--output", _line.Output, .. more];

    private double OptionOf(string run, string key) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(_line.Output, run, "metrics.json")))!["options"]![key]!.GetValue<double>();
}
