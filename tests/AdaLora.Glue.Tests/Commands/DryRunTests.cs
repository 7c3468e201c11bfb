using System.Text.Json.Nodes;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Terminal;
using Xunit;

namespace AdaLora.Glue.Tests;

/// <summary>train --dry-run, through the real command line: it says what a run would train, and does no more.</summary>
public sealed class DryRunTests : IDisposable
{
    private readonly DemoApplication _app = new();

    public static TheoryData<string> Methods => [.. TrainingMethods.All.Select(method => method.Name)];

    public void Dispose() => _app.Dispose();

    [Fact]
    public void It_tells_what_would_be_adapted_and_what_not_and_why()
    {
        var (code, output, error) = _app.Train("run", "--targets", "query,value", "--dry-run");

        Assert.True(code == ExitCode.Success, error);
        foreach (var text in (string[])["adapted: ", "attention.self.query", "not adapted: ", "attention.self.key", "target budget"])
            Assert.Contains(text, output, StringComparison.Ordinal);
        Assert.False(Path.Exists(_app.File("run")));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void It_counts_what_a_run_of_any_method_trains(string method)
    {
        var (code, output, error) = _app.Train("run", "--method", method, "--dry-run");
        Assert.True(code == ExitCode.Success, error);
        Assert.False(Path.Exists(_app.File("run")));

        Assert.Equal(ExitCode.Success, _app.Train("run", "--method", method).Code);
        var trained = JsonNode.Parse(File.ReadAllText(Path.Combine(_app.File("run"), "metrics.json")))!["trainable_parameters"]!["start"]!.GetValue<long>();
        var counts = output.Split('\n').Where(line => line.StartsWith("parameters: ", StringComparison.Ordinal) || line.StartsWith("adapters: ", StringComparison.Ordinal)).ToList();
        // The library's plan counts adapters and what is trained in full apart.
        var planned = counts is [_, _] ? Number(counts[0], "of which ") + Number(counts[1], "adapters: ") : Number(counts.Single(), "parameters: ");
        Assert.Equal(trained, planned);
        Assert.Contains(method is "adalora" or "svd-lora" ? "adapted: " : $"{Formats.Count(trained)} trained of", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("adalora")]
    [InlineData("lora")]
    public void What_stands_in_the_way_is_told_with_exit_code_2(string method)
    {
        var (code, output, error) = _app.Train("run", "--method", method, "--targets", "nowhere", "--dry-run");

        Assert.Equal(ExitCode.BadInput, code);
        Assert.Contains("nowhere", output + error, StringComparison.Ordinal);
        Assert.False(Path.Exists(_app.File("run")));
    }

    [Theory]
    [InlineData("tf32 needs a GPU", "--precision", "tf32", "--device", "cpu")]
    [InlineData("two ways to put texts into batches", "--deal-by-length", "--group-by-length")]
    public void What_a_run_is_refused_for_a_plan_is_refused_for(string reason, params string[] options)
    {
        var (planned, trained) = (_app.Train("run", [.. options, "--dry-run"]), _app.Train("run", options));

        Assert.Equal((ExitCode.BadInput, ExitCode.BadInput), (planned.Code, trained.Code));
        Assert.Contains(reason, planned.Error, StringComparison.Ordinal);
        Assert.Equal(trained.Error, planned.Error);
    }

    [Fact]
    public void It_prints_no_json()
    {
        var (code, output, error) = _app.Train("run", "--dry-run", "--json");

        Assert.Equal(ExitCode.BadInput, code);
        Assert.Empty(output);
        Assert.Contains("--json", error, StringComparison.Ordinal);
    }

    private static long Number(string line, string before)
    {
        var from = line.IndexOf(before, StringComparison.Ordinal) + before.Length;
        return long.Parse(line[from..line.IndexOf(' ', from)].Replace(",", "", StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture);
    }
}
