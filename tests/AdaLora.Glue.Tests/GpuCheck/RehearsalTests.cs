using System.Diagnostics;
using System.Text.Json;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests.GpuCheck;

/// <summary>The program that runs on machines with a card, here on the CPU with tiny shapes: time on a card should not be spent on finding its faults.</summary>
public sealed class RehearsalTests
{
    [Fact]
    public async Task All_items_pass_or_say_why_they_cannot_be_made_here()
    {
        using var output = new TemporaryFolder();

        var (code, errors) = await Run("--device", "cpu", "--quick", "--seconds", "900", "--python", "no-such-python", "--output", output.Path);

        Assert.True(code == 0, errors + await File.ReadAllTextAsync(output.File("gpu-check.md")));
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(output.File("gpu-check.json")));
        var items = json.RootElement.GetProperty("items").EnumerateArray().ToDictionary(item => item.GetProperty("name").GetString()!);
        string[] measurable = ["versions", "goldens-core", "goldens-models", "bf16", "steady", "resume", "operations", "kernels", "times-bert", "precision", "demo", "times-deberta"];
        string[] onCardsOnly = ["memory", "nccl"];
        Assert.Equal(measurable.Concat(onCardsOnly).Order(), items.Keys.Order());
        Assert.All(measurable, name => Assert.Equal("passed", items[name].GetProperty("status").GetString()));
        Assert.All(onCardsOnly, name => Assert.Equal("skipped", items[name].GetProperty("status").GetString()));
        Assert.All(onCardsOnly, name => Assert.Contains("no card", items[name].GetProperty("message").GetString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_card_that_is_not_there_is_named_and_the_report_is_written_all_the_same()
    {
        Assert.SkipWhen(TorchSharp.torch.cuda.is_available(), "There is a card here.");
        using var output = new TemporaryFolder();

        var (code, errors) = await Run("--device", "cuda", "--items", "versions,bf16", "--output", output.Path);

        Assert.Equal(1, code);
        Assert.Contains("driver", errors, StringComparison.Ordinal);
        Assert.Contains("driver", await File.ReadAllTextAsync(output.File("gpu-check.md")), StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Errors)> Run(params string[] arguments)
    {
        var start = new ProcessStartInfo(TestPrograms.PathOf("AdaLora.GpuCheck"), arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        _ = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await errors);
    }
}
