using System.Diagnostics;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Tests;

/// <summary>What a second thread does to a model that is being trained, in its own process: it may fail, but not end the process.</summary>
public sealed class MisuseTests
{
    private const int LeastMisuses = 50;

    [Fact]
    public async Task Nothing_that_another_thread_does_to_a_model_in_training_ends_the_process()
    {
        using var process = Process.Start(new ProcessStartInfo(TestPrograms.PathOf("AdaLora.MisuseTarget")) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var lines = (await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(process.ExitCode == 0, $"The process ended with {process.ExitCode} at '{lines.LastOrDefault()}': {await errors}");
        Assert.Equal(lines.Length / 2, int.Parse(lines[^1].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
        Assert.True(lines.Length / 2 >= LeastMisuses, $"only {lines.Length} lines");
    }
}
