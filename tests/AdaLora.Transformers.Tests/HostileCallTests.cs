using System.Diagnostics;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Transformers.Tests;

/// <summary>Tensors of wrong shapes, dtypes and devices in every public entry, in its own process, because some mistakes end a process in native code.</summary>
public sealed class HostileCallTests
{
    private const int LeastCalls = 4000;

    /// <summary>What a caller cannot be expected to foresee.</summary>
    private static readonly string[] Undocumented =
        [nameof(NullReferenceException), nameof(IndexOutOfRangeException), nameof(InvalidCastException), nameof(AccessViolationException), nameof(OutOfMemoryException),
            nameof(OverflowException), nameof(KeyNotFoundException)];

    [Fact]
    public async Task Nothing_ends_the_process_and_every_mistake_is_an_exception_that_says_something()
    {
        using var process = Process.Start(new ProcessStartInfo(TestPrograms.PathOf("AdaLora.HostileTarget")) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var lines = (await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(process.ExitCode == 0, $"The process ended at '{lines.LastOrDefault()}': {await errors}");
        Assert.StartsWith("survived ", lines[^1], StringComparison.Ordinal);
        Assert.True(lines.Length > LeastCalls, $"only {lines.Length} calls were made");
        Assert.DoesNotContain(lines, line => Undocumented.Any(name => line.Contains($"| {name}:", StringComparison.Ordinal)));
    }
}
