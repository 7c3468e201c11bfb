using System.Diagnostics;
using AdaLora.Experiments.Programs;
using AdaLora.Glue.Demo;
using AdaLora.Glue.Tasks;
using Xunit;

namespace AdaLora.Glue.Tests;

/// <summary>The application in its own process, as a shell with closed streams, full devices and tight limits starts it.</summary>
public sealed class ProcessLimitTests : IDisposable
{
    private readonly DemoApplication _app = new();

    public void Dispose() => _app.Dispose();

    [Theory]
    [InlineData("exec \"$0\" --help >&-", "error", "Standard output is closed")]
    [InlineData("exec \"$0\" --help 2>&-", "output", "Standard error is closed")]
    [InlineData("exec \"$0\" --help >/dev/full", "error", "Standard output can't be written: No space left on device.")]
    public void A_stream_that_takes_nothing_is_named_on_the_other_one(string script, string where, string what)
    {
        var (code, output, error) = Shell(script);

        Assert.Equal(ExitCode.Failure, code);
        Assert.StartsWith(what, where == "error" ? error : output, StringComparison.Ordinal);
        Assert.Equal("", where == "error" ? output : error);
        _ = Assert.Single((where == "error" ? error : output).TrimEnd().Split('\n'));
    }

    [Fact]
    public void With_both_streams_closed_it_ends_and_says_so_by_its_exit_code() => Assert.Equal((ExitCode.Failure, "", ""), Shell("exec \"$0\" --help >&- 2>&-"));

    [Fact]
    public void A_closed_input_is_an_empty_one()
    {
        Assert.Equal(ExitCode.Success, _app.Train("run").Code);

        Assert.Equal((ExitCode.Success, "", ""), Shell("exec \"$0\" \"$@\" <&-", "predict", _app.File("run")));
    }

    [Fact]
    public void Too_few_open_files_are_told_as_that()
    {
        var (code, _, error) = Shell("ulimit -n 64; exec \"$0\" \"$@\"", Train("run"));

        Assert.Equal(ExitCode.Failure, code);
        Assert.StartsWith("This process may have only 64 files open at a time, which is too few. Raise the limit with 'ulimit -n 1024'.", error, StringComparison.Ordinal);
        _ = Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Files_beyond_the_largest_size_are_a_failure_like_any_other_and_leave_nothing()
    {
        var (code, output, error) = Shell("ulimit -f 100; exec \"$0\" \"$@\"", Train("run"));

        Assert.Equal(ExitCode.Failure, code);
        Assert.Contains("ulimit -f", error, StringComparison.Ordinal);
        _ = Assert.Single(error.TrimEnd().Split('\n'));
        Assert.DoesNotContain("step 1/", output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_app.File("run")));
    }

    [Theory]
    [InlineData(63ul, true)]
    [InlineData(256ul, false)]
    [InlineData(null, false)]
    public void An_assembly_that_is_missing_is_put_down_to_the_limit_only_where_it_is_low(ulong? limit, bool isExplained)
    {
        var missing = new TypeInitializationException("Some.Type", new FileNotFoundException("Could not load file or assembly.", "Some.Assembly, Version=1.0.0.0"));

        Assert.Equal(isExplained, ProcessLimits.Explain(missing, limit) is not null);
        Assert.Null(ProcessLimits.Explain(new FileNotFoundException("Could not find a file.", "/some/file"), limit));
        Assert.Null(ProcessLimits.Explain(new InvalidOperationException(), limit));
    }

    private string[] Train(string output) =>
        ["train", "--task", "cola", "--data", _app.Data, "--model", DemoDefaults.EncoderFolder, "--max-steps", "2", "--threads", "1", "--output", _app.File(output)];

    private static (int Code, string Output, string Error) Shell(string script, params string[] arguments)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Limits and streams are set with sh, and /dev/full is a device of Linux.");
        var program = Path.ChangeExtension(typeof(GlueTasks).Assembly.Location, null);
        var start = new ProcessStartInfo("sh") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        // Otherwise the runtime itself needs a large file.
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        foreach (var argument in (string[])["-c", script, program, .. arguments])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
