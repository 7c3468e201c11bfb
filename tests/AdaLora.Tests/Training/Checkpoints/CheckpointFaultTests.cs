using AdaLora.Allocation;
using AdaLora.TestSupport;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training.Checkpoints;

public sealed class CheckpointFaultTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordingLogger _log = new();

    public void Dispose() => _folder.Dispose();

    private Rehearsal Rehearsal => new() { Folder = _folder.Path, EvaluateEvery = 1000, Logger = _log };

    private string[] Files => [.. Directory.GetFiles(_folder.Path).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    private string Newest => Path.Combine(_folder.Path, Files[^1]);

    public static TheoryData<string> Damages => [.. Damage.Keys];

    private static readonly Dictionary<string, Action<string>> Damage = new(StringComparer.Ordinal)
    {
        ["one bit"] = path => Change(path, bytes => bytes[bytes.Length / 2] ^= 1),
        ["first byte"] = path => Change(path, bytes => bytes[0] ^= 0x80),
        ["last byte"] = path => Change(path, bytes => bytes[^1] ^= 1),
        ["half"] = path => File.WriteAllBytes(path, File.ReadAllBytes(path)[..1000]),
        ["empty"] = path => File.WriteAllBytes(path, []),
        ["another's content"] = path => File.Copy(Directory.GetFiles(Path.GetDirectoryName(path)!).Order(StringComparer.Ordinal).First(), path, overwrite: true),
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_damaged_checkpoint_is_refused_by_name_and_the_one_before_it_is_used(string damage)
    {
        var whole = (Rehearsal with { Saves = false }).Run();
        Rehearsal.Run(crashBefore: 23);
        Assert.Equal(2, Files.Length);
        Damage[damage](Newest);
        var damaged = Newest;

        var resumed = Rehearsal.Run(resume: true);

        Assert.Equal(60 - 15, resumed.Losses.Count);
        Assert.Equal(whole.Weights, resumed.Weights);
        Assert.Contains(_log.Lines, m => m.Contains(damaged, StringComparison.Ordinal) && m.Contains("damaged or was altered", StringComparison.Ordinal));
    }

    [Fact]
    public void When_all_are_damaged_nothing_is_thrown_away_by_beginning_anew()
    {
        Rehearsal.Run(crashBefore: 23);
        foreach (var file in Files)
            Damage["one bit"](Path.Combine(_folder.Path, file));

        var exception = Assert.Throws<InvalidDataException>(() => Rehearsal.Run(resume: true));

        Assert.All(Files, f => Assert.Contains(f, exception.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void What_a_killed_process_left_half_written_is_ignored_and_removed()
    {
        Rehearsal.Run(crashBefore: 23);
        File.WriteAllText(Path.Combine(_folder.Path, ".0123456789abcdef0123456789abcdef.tmp"), "half");

        var resumed = Rehearsal.Run(resume: true);

        Assert.Equal(60 - 20, resumed.Losses.Count);
        Assert.DoesNotContain(Files, f => f.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void Other_settings_are_refused_with_a_list_of_what_differs()
    {
        Rehearsal.Run(crashBefore: 23);
        var other = Rehearsal with
        {
            LearningRate = 0.5,
            SeedOfModel = 1,
            Adapters = new AdaLoraOptions
            {
                InitialRank = 3,
                TargetRank = 2,
                Alpha = 8,
                TrainedModules = ["head"],
                MaskInterval = 2,
                InitialPhase = PhaseLength.Fraction(0.2),
                FinalPhase = PhaseLength.Fraction(0.4)
            }
        };

        var exception = Assert.Throws<InvalidDataException>(() => other.Run(resume: true));

        Assert.Contains("LearningRate is 0.5 and was 0.01", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Dropout is 0 and was 0.2", exception.Message, StringComparison.Ordinal);
        Assert.Contains("adapter first is 16 x 8, rank 3", exception.Message, StringComparison.Ordinal);
        Assert.Contains("frozen weights", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Warmup", exception.Message, StringComparison.Ordinal);
        Assert.Equal(2, Files.Length);
    }

    [Fact]
    public void Checkpoints_that_are_not_to_be_resumed_are_not_overwritten()
    {
        Rehearsal.Run(crashBefore: 23);
        var before = Files;

        var exception = Assert.Throws<InvalidOperationException>(() => Rehearsal.Run());

        Assert.Contains(_folder.Path, exception.Message, StringComparison.Ordinal);
        Assert.Equal(before, Files);
    }

    [Fact]
    public void Two_trainings_cannot_write_into_one_folder()
    {
        Exception? refused = null;

        (Rehearsal with { Batches = WithAnotherTraining }).Run(crashBefore: 4);

        Assert.Contains("Another training run is writing", Assert.IsType<InvalidOperationException>(refused).Message, StringComparison.Ordinal);
        Assert.Equal(60, Rehearsal.Run(resume: true).Losses.Count);

        IEnumerable<(Tensor Inputs, Tensor Labels)> WithAnotherTraining()
        {
            refused = Record.Exception(() => Rehearsal.Run());
            foreach (var batch in Models.TinyTask.Batches(13))
                yield return batch;
        }
    }

    [Fact]
    public void Resuming_without_checkpoints_begins() => Assert.Equal(60, Rehearsal.Run(resume: true).Losses.Count);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5_000)]
    public void A_full_disk_does_not_stop_the_training_and_leaves_earlier_checkpoints_intact(int room)
    {
        var whole = (Rehearsal with { Saves = false }).Run();
        var writes = 0;
        // There is room for the first three.
        var full = Rehearsal with { CreateStream = path => ++writes <= 3 ? File.Create(path) : new FullDisk(File.Create(path), room) };

        var crashed = full.Run(crashBefore: 50);

        Assert.Equal(49, crashed.Losses.Count);
        Assert.True(writes > 5);
        Assert.Equal([10L, 15L], Files.Select(f => long.Parse(f.Split('-')[1])));
        Assert.Contains(_log.Lines, m => m.Contains("after 20 batches could not be saved", StringComparison.Ordinal) && m.Contains("No space left", StringComparison.Ordinal));
        Assert.Equal(whole.Weights, Rehearsal.Run(resume: true).Weights);
    }

    [Fact]
    public void The_latest_few_and_the_best_are_kept()
    {
        // Scores are random numbers of the training; the best of these is that of step 12.
        var trace = (Rehearsal with { EvaluateEvery = 4, Keep = 3 }).Run();

        var best = trace.Result!.Best!.Step * 2;
        Assert.True(best < 45, "The best evaluation would be among the latest anyway.");
        Assert.Equal([best, 50L, 55L, 60L], Files.Select(f => long.Parse(f.Split('-')[1])));
    }

    [Fact]
    public void The_callers_own_text_comes_back()
    {
        string? given = null;
        var calls = 0;
        CheckpointOptions Options(bool resume) => new() { Folder = _folder.Path, Every = 2, Resume = resume, SaveExtra = () => $"notes {++calls} ü", ResumeExtra = text => given = text };

        Train(Options(false), steps: 7);
        Train(Options(true), steps: 20);

        Assert.Equal("notes 4 ü", given);

        static void Train(CheckpointOptions checkpoints, int steps)
        {
            using var model = new Models.TinyModel();
            using var adapted = AdaLoraModel.Attach(model, Models.TinyTask.Options);
            using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 20, Checkpoints = checkpoints });
            using var stop = new CancellationTokenSource();
            var step = 0;
            trainer.Fit(
                Models.TinyTask.Batches(30),
                b =>
                {
                    if (++step == steps)
                        stop.Cancel();
                    return Models.TinyTask.Loss(model, b);
                },
                cancellation: stop.Token);
        }
    }

    [Fact]
    public void Bad_options_are_listed_together()
    {
        var options = new TrainerOptions { TotalSteps = 1, Checkpoints = new CheckpointOptions { Folder = " ", Every = 0, Keep = 0 } };

        var exception = Assert.Throws<ArgumentException>(options.Validate);

        Assert.Contains("Checkpoints.Folder", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Checkpoints.Every is 0", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Checkpoints.Keep is 0", exception.Message, StringComparison.Ordinal);
    }

    private static void Change(string path, Action<byte[]> change)
    {
        var bytes = File.ReadAllBytes(path);
        change(bytes);
        File.WriteAllBytes(path, bytes);
    }

    private sealed class FullDisk(Stream inner, long room) : Stream
    {
        private long _written;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count)
        {
            _written += count;
            if (_written > room)
                throw new IOException("No space left on device");
            inner.Write(buffer, offset, count);
        }

        protected override void Dispose(bool disposing) => inner.Dispose();
    }
}
