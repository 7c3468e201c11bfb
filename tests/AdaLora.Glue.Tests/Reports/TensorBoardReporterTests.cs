using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Internals;
using Tensorboard;
using Xunit;

namespace AdaLora.Glue.Tests;

[Collection(Pictures.Name)]
public sealed class TensorBoardReporterTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public void A_run_writes_its_figures_when_asked_to()
    {
        Assert.Equal(ExitCode.Success, _line.Train("--tensorboard", _line.Path("events")));

        var scalars = Read(_line.Path("events"));
        var history = FakeRun.History(adaptive: true);
        Assert.Equal(history.Select(s => (s.Step, (float)s.Loss)), scalars["train/loss"]);
        Assert.Equal(history.Select(s => (s.Step, (float)s.LearningRate)), scalars["train/learning_rate"]);
        Assert.Equal(history.Select(s => (s.Step, (float)s.Penalty!)), scalars["train/penalty"]);
        Assert.Equal(history.Select(s => (s.Step, (float)s.Budget!)), scalars["rank/budget"]);
        Assert.Equal(history.Select(s => (s.Step, (float)s.LiveRank!)), scalars["rank/live"]);
        Assert.Equal(FakeRun.Evaluations().Select(e => (e.Step, (float)e.Metrics["matthews"]!)), scalars["dev/matthews"]);
        Assert.Equal(FakeRun.Evaluations().Select(e => (e.Step, (float)e.Loss)), scalars["dev/loss"]);
        foreach (var module in FakeRanks.Bert(3, 8).Select(rank => rank.Module))
        {
            var looks = history.Where(s => s.Allocation is not null).Select(s => (s.Step, Seen: s.Allocation!.Single(m => m.Module == module))).ToList();
            Assert.Equal(looks.Select(l => (l.Step, (float)l.Seen.Rank)), scalars[$"rank_of/{module}"]);
            Assert.Equal(looks.Where(l => l.Seen.Importance is not null).Select(l => (l.Step, (float)l.Seen.Importance!)), scalars[$"importance_of/{module}"]);
        }

        Assert.Contains("dev at step 600", _line.OutputText);
        Assert.Contains("8,551 examples", _line.OutputText);
        Assert.Contains("step 600/600", _line.OutputText);
    }

    [Fact]
    public void A_training_goes_on_when_its_events_cannot_be_written_any_more()
    {
        var folder = _line.Path("events");
        _line.Runner.BeforeStep = step =>
        {
            if (step == 300)
                Directory.Delete(folder, recursive: true);
        };

        Assert.Equal(ExitCode.Success, _line.Train("--tensorboard", folder));

        _ = Assert.Single(_line.OutputText.Split('\n'), line => line.StartsWith($"No more figures are written for TensorBoard: '{folder}' can't be written", StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine(_line.Output, RunFiles.Metrics)));
    }

    [Fact]
    public void An_event_folder_that_cannot_be_made_is_told_before_training()
    {
        File.WriteAllText(_line.Path("file"), "");

        Assert.Equal(ExitCode.Failure, _line.Train("--tensorboard", _line.Path("file", "below")));

        Assert.Contains("can't be written", _line.ErrorText, StringComparison.Ordinal);
        Assert.Empty(_line.Runner.Asked);
    }

    [Fact]
    public void Figures_that_a_method_lacks_are_left_out()
    {
        Assert.Equal(ExitCode.Success, _line.Train("--method", "full", "--tensorboard", _line.Path("events"), "--quiet"));

        Assert.Equal(["dev/accuracy", "dev/loss", "dev/matthews", "train/learning_rate", "train/loss"], Read(_line.Path("events")).Select(tag => tag.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Without_the_option_nothing_is_written()
    {
        Assert.Equal(ExitCode.Success, _line.Train());

        Assert.Empty(Directory.GetFiles(_line.Path(), "*tfevents*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_file_in_place_of_the_folder_is_bad_input()
    {
        File.WriteAllText(_line.Path("events"), "");

        Assert.Equal(ExitCode.BadInput, _line.Train("--tensorboard", _line.Path("events")));
        Assert.Contains("--tensorboard", _line.ErrorText);
    }

    /// <summary>The scalars of the single event file, by tag. A record is a length, a checksum of it, the event, and a checksum.</summary>
    private static ILookup<string, (int Step, float Value)> Read(string folder)
    {
        using var reader = new BinaryReader(File.OpenRead(Assert.Single(Directory.GetFiles(folder))));
        var events = new List<Event>();
        while (reader.BaseStream.Position < reader.BaseStream.Length)
        {
            var length = reader.ReadInt64();
            _ = reader.ReadUInt32();
            events.Add(Event.Parser.ParseFrom(reader.ReadBytes((int)length)));
            _ = reader.ReadUInt32();
        }

        // In seconds, as TensorBoard reads it; what the writer begins its file with is not.
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        Assert.All(events.Where(e => e.Summary is not null), e => Assert.InRange(e.WallTime, now - 3600, now + 60));
        return events.Where(e => e.Summary is not null).SelectMany(e => e.Summary.Value.Select(v => (v.Tag, Point: ((int)e.Step, v.SimpleValue)))).ToLookup(v => v.Tag, v => v.Point);
    }
}
