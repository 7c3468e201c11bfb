using System.Text.Json.Nodes;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;
using AdaLora.Glue.Commands;
using Xunit;

namespace AdaLora.Glue.Tests.Comparison;

/// <summary>Learning rates that are tried on a part of the training set before the runs that count.</summary>
[Collection(Pictures.Name)]
public sealed class SweepTests : IDisposable
{
    private readonly FakeCellRunner _runner = new() { Bonus = BestAt };
    private readonly CommandLine _line = new();

    public SweepTests() => _line.MoreCommands = [CompareCommand.Create(GlueDescription.Application, _runner)];

    public void Dispose() => _line.Dispose();

    [Fact]
    public void Each_method_is_trained_with_what_was_best_for_it()
    {
        Assert.Equal(ExitCode.Success, Compare("--sweep-lr", "3e-4,1e-3,3e-3", "--sweep-lambda-lr-factor", "1,10"));

        Assert.Equal(3 + (3 * 2) + 4, _runner.Begun.Count);
        Assert.Equal(3e-3, Option("cola-lora-2", "lr"));
        Assert.Equal((1e-3, 10, 0), (Option("cola-adalora-1", "lr"), Option("cola-adalora-1", "lambda_lr_factor"), Option("cola-adalora-1", "held_out")));
        Assert.Equal((3e-4, 0.1), (Option(Path.Combine("sweep", "cola-lora-lr-0.0003-1"), "lr"), Option(Path.Combine("sweep", "cola-lora-lr-0.0003-1"), "held_out")));
        var table = File.ReadAllText(Path.Combine(_line.Output, "comparison.md"));
        Assert.Contains("| adalora | 0.740 ± 0.000 | 0.740, 0.740 | lr 0.001 lambda x 10 | 150,000 |", table, StringComparison.Ordinal);
        Assert.Contains("| lr 0.003 | 200,000 |", table, StringComparison.Ordinal);
        Assert.Contains("lora lr 0.0003", File.ReadAllText(Path.Combine(_line.Output, "sweep", "sweep.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_scale_is_tried_with_each_rate_by_methods_that_have_one()
    {
        _runner.Bonus = settings => -Math.Abs(settings.Get(RunOptions.Alpha) - 64) / 1000;

        Assert.Equal(ExitCode.Success, Compare("--methods", "adalora,full", "--sweep-lr", "1e-3,3e-3", "--sweep-alpha", "16,64", "--seeds", "1"));

        Assert.Equal(4 + 2 + 2, _runner.Begun.Count);
        Assert.Equal(64, Option("cola-adalora-1", "alpha"));
        Assert.Contains("| lr 0.001 alpha 64 |", File.ReadAllText(Path.Combine(_line.Output, "comparison.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_sweep_is_continued_and_not_repeated()
    {
        Assert.Equal(ExitCode.Success, Compare("--sweep-lr", "1e-3,3e-3", "--seeds", "1"));
        _runner.Begun.Clear();

        Assert.Equal(ExitCode.Success, Compare("--sweep-lr", "1e-3,3e-3", "--seeds", "1"));
        Assert.Empty(_runner.Begun);
        Assert.Equal(ExitCode.Success, Compare("--sweep-lr", "1e-4,1e-3,3e-3", "--seeds", "1,2"));
        Assert.Equal(["cola · adalora lr 0.0001 · seed 1", "cola · adalora · seed 2", "cola · lora lr 0.0001 · seed 1", "cola · lora · seed 2"], _runner.Begun.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_is_best_is_chosen_when_all_parts_of_a_sweep_have_been_tried()
    {
        Assert.Equal(ExitCode.BadInput, Compare("--sweep-lr", "1e-3,3e-3", "--shard", "1/2"));
        Assert.Contains("--shard: 2 of 4 runs of the sweep belong to other parts", _line.ErrorText, StringComparison.Ordinal);
        Assert.Equal(2, _runner.Begun.Count);

        Assert.Equal(ExitCode.Success, Compare("--sweep-lr", "1e-3,3e-3", "--shard", "2/2"));
        Assert.Equal(ExitCode.Success, Compare("--sweep-lr", "1e-3,3e-3", "--shard", "1/2"));

        Assert.Equal(4 + 4, _runner.Begun.Count);
        Assert.Equal((3e-3, 1e-3), (Option("cola-lora-2", "lr"), Option("cola-adalora-1", "lr")));
    }

    [Fact]
    public void Candidates_that_fail_are_passed_over_and_a_method_without_any_is_missing()
    {
        _runner.Failures["cola · lora lr 0.003 · seed 1"] = "It diverged.";
        foreach (var rate in (string[])["0.001", "0.003"])
            _runner.Failures[$"cola · adalora lr {rate} · seed 1"] = "It diverged.";

        Assert.Equal(ExitCode.Failure, Compare("--sweep-lr", "1e-3,3e-3", "--seeds", "1"));

        Assert.Equal(1e-3, Option("cola-lora-1", "lr"));
        Assert.False(Directory.Exists(Path.Combine(_line.Output, "cola-adalora-1")));
        Assert.Contains("Failed: cola · adalora lr 0.001 · seed 1: It diverged.", _line.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sweep_that_is_stopped_starts_nothing_else()
    {
        using var source = new CancellationTokenSource();
        _runner.Before = _ => source.Cancel();

        Assert.Equal(ExitCode.Cancelled, _line.Run(Arguments("--sweep-lr", "1e-3,3e-3"), source.Token));

        _ = Assert.Single(_runner.Begun);
        Assert.Contains("Run the same command again", _line.OutputText, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_are_tested_against_one_of_them()
    {
        // Whole thousandths, so that the interval is that of the differences 0.01, 0.02 and 0.03.
        _runner.Bonus = settings => settings.Method.Name == "adalora" ? 0.01 * settings.Get(RunOptions.Seed) : 0;
        Assert.Equal(ExitCode.Success, Compare("--seeds", "1-3", "--against", "lora"));

        Assert.Contains("| cola | adalora | +0.020 | +0.010 to +0.030 | 0.250 | 3 | 0.75 x |", File.ReadAllText(Path.Combine(_line.Output, "comparison.md")), StringComparison.Ordinal);
        Assert.Contains("against lora", _line.OutputText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--sweep-lr: expected positive numbers", "--sweep-lr", "1e-3,0")]
    [InlineData("--sweep-lr: expected a number", "--sweep-lr", "fast")]
    [InlineData("--sweep-held-out: must lie between 0 and 1, but is 1.5", "--sweep-lr", "1e-3", "--sweep-held-out", "1.5")]
    [InlineData("--against: there is no row 'full'; use one of adalora, lora", "--against", "full")]
    public void Bad_options_are_told(string message, params string[] options)
    {
        Assert.Equal(ExitCode.BadInput, Compare(options));
        Assert.Contains(message, _line.ErrorText, StringComparison.Ordinal);
        Assert.Empty(_runner.Begun);
    }

    // LoRA wants a high rate, AdaLoRA a middle one and fast lambdas.
    private static double BestAt(RunSettings settings) => settings.Method.Name == "lora"
        ? 100 * settings.Get(RunOptions.LearningRate)
        : (settings.Get(RunOptions.LearningRate) == 1e-3 ? 0.3 : 0) + (0.02 * settings.Get(RunOptions.LambdaRateFactor));

    private int Compare(params string[] more) => _line.Run(Arguments(more));

    private string[] Arguments(params string[] more) =>
    [
        "compare", "--data", _line.Data, "--model", _line.Model, "--output", _line.Output, "--tasks", "cola",
        .. more.Contains("--methods") ? (string[])[] : ["--methods", "adalora,lora"],
        .. more.Contains("--seeds") ? (string[])[] : ["--seeds", "1,2"],
        .. more,
    ];

    private double Option(string run, string key) => JsonNode.Parse(File.ReadAllText(Path.Combine(_line.Output, run, "metrics.json")))!["options"]![key]!.GetValue<double>();
}
