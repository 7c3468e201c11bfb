using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Runs;
using Xunit;

namespace AdaLora.Glue.Tests;

/// <summary>The output folder of a run: one run at a time, the record last, nothing left over from killed ones.</summary>
[Collection(Pictures.Name)]
public sealed class OutputFolderTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public void A_second_run_into_one_folder_gets_one_line()
    {
        using (new RunFolder(_line.Output))
            Assert.Equal(ExitCode.BadInput, _line.Train());

        Assert.Contains("Another run is writing to", _line.ErrorText, StringComparison.Ordinal);
        _ = Assert.Single(_line.ErrorText.TrimEnd().Split('\n'));
        Assert.Empty(_line.Runner.Asked);
        Assert.Equal(ExitCode.Success, _line.Train());
    }

    [Fact]
    public void A_folder_whose_files_would_have_too_long_paths_is_refused_before_training()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "4,096 bytes are the longest path of Linux.");
        var path = _line.Output;
        while (path.Length < 4_000)
            path = Path.Combine(path, new string('d', Math.Min(200, 4_030 - path.Length)));

        Assert.Equal(ExitCode.Failure, _line.Train("--output", path));

        Assert.Contains("Choose a shorter one", _line.ErrorText, StringComparison.Ordinal);
        _ = Assert.Single(_line.ErrorText.TrimEnd().Split('\n'));
        Assert.Empty(_line.Runner.Asked);
        Assert.Empty(Directory.GetFiles(path));
    }

    [Fact]
    public void A_failure_to_write_after_a_checkpoint_says_how_to_go_on()
    {
        var checkpoints = Directory.CreateDirectory(Path.Combine(_line.Output, "checkpoints")).FullName;
        File.WriteAllText(Path.Combine(checkpoints, "checkpoint-000000010-0123.safetensors"), "");
        _line.Runner.BeforeStep = _ => throw new IOException("'adapter' can't be written: full.");

        Assert.Equal(ExitCode.Failure, _line.Train("--resume"));

        Assert.Equal("'adapter' can't be written: full. Once this is fixed, run the same command with --resume to continue from the last checkpoint.", _line.ErrorText.TrimEnd());
    }

    [Fact]
    public void A_file_in_place_of_the_folder_gets_one_line()
    {
        File.WriteAllText(_line.Output, "");

        Assert.Equal(ExitCode.BadInput, _line.Train());

        _ = Assert.Single(_line.ErrorText.TrimEnd().Split('\n'));
    }

    [Fact]
    public void A_run_that_is_killed_before_its_last_file_has_not_ended_and_is_completed_by_resuming()
    {
        Assert.Equal(ExitCode.Success, _line.Train());
        var all = Directory.GetFiles(_line.Output).Order(StringComparer.Ordinal).ToList();
        // All files are written in a row: whatever was killed in between lacks the last of them, and whatever else came after the kill.
        Assert.Equal(RunFiles.Metrics, Path.GetFileName(all.MaxBy(File.GetLastWriteTimeUtc)));
        File.Delete(Path.Combine(_line.Output, RunFiles.Metrics));
        File.Delete(Path.Combine(_line.Output, RunFiles.HistoryPicture));
        File.WriteAllText(Path.Combine(_line.Output, ".0123456789abcdef0123456789abcdef.tmp"), "half a picture");

        Assert.Equal(ExitCode.Success, _line.Train("--resume"));

        Assert.Equal(2, _line.Runner.Asked.Count);
        Assert.Equal(all, Directory.GetFiles(_line.Output).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_new_run_takes_away_the_record_of_the_one_before()
    {
        Assert.Equal(ExitCode.Success, _line.Train());

        RunFiles.Reopen(_line.Output);

        Assert.False(File.Exists(Path.Combine(_line.Output, RunFiles.Metrics)));
        Assert.Equal(ExitCode.Success, _line.Train("--resume"));
        Assert.Equal(2, _line.Runner.Asked.Count);
    }

    [Fact]
    public void Checkpoints_that_a_kill_after_the_record_has_left_are_removed()
    {
        Assert.Equal(ExitCode.Success, _line.Train());
        _ = Directory.CreateDirectory(Path.Combine(_line.Output, "checkpoints"));

        Assert.Equal(ExitCode.Success, _line.Train("--resume"));

        _ = Assert.Single(_line.Runner.Asked);
        Assert.False(Directory.Exists(Path.Combine(_line.Output, "checkpoints")));
    }

    [Fact]
    public void The_default_precision_that_the_help_shows_is_one_that_is_taken()
    {
        Assert.Equal(ExitCode.Success, _line.Run("train", "--help"));

        Assert.Contains("[default: as-loaded]", _line.OutputText.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.DoesNotContain("AsLoaded", _line.OutputText, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, _line.Train("--base-precision", "as-loaded"));
    }
}
