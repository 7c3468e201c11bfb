using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Tests.Mpi;

/// <summary>Whatever happens to one process, the job ends or goes on for all, and nothing is lost.</summary>
public sealed class MpiTroubleTests
{
    // Of the machine that the tests run on, which may be busy; alone it is a few.
    private const int Seconds = 30;

    public static TheoryData<string> Launchers => MpiJob.Launchers;

    [Theory]
    [InlineData("mpirun.openmpi", 0, 2)]
    [InlineData("mpirun.openmpi", 1, 1)]
    [InlineData("mpirun.mpich", 0, 1)]
    [InlineData("mpirun.mpich", 1, 2)]
    public void A_killed_process_ends_the_job_and_the_training_resumes_with_the_same_bits(string launcher, int victim, int sizeAfter)
    {
        using var checkpoints = new TemporaryFolder();
        using var whole = MpiJob.Run(null, 1, "accumulation", "2");
        using (var job = MpiJob.Start(launcher, 2, ["accumulation", "2", "checkpoints", checkpoints.Path, "delay", "100"]))
        {
            job.Signal(victim, "KILL", afterSteps: 4);
            Assert.NotEqual(0, job.WaitForExit(Seconds));
        }

        using var resumed = MpiJob.Run(sizeAfter == 1 ? null : launcher, sizeAfter, "accumulation", "2", "checkpoints", checkpoints.Path);

        Assert.InRange(resumed.Hashes().Count, 1, 15);
        Assert.Equal(whole.Hashes().Skip(16 - resumed.Hashes().Count), resumed.Hashes());
    }

    [Theory]
    [InlineData("mpirun.openmpi", "TERM")]
    [InlineData("mpirun.mpich", "USR1")]
    public void A_signal_to_one_process_ends_all_after_the_same_step_with_a_checkpoint(string launcher, string signal)
    {
        using var checkpoints = new TemporaryFolder();
        using var job = MpiJob.Start(launcher, 2, ["accumulation", "2", "checkpoints", checkpoints.Path, "delay", "100"]);

        job.Signal(1, signal, afterSteps: 3);

        Assert.True(job.WaitForExit(Seconds) == 0, job.Errors);
        Assert.StartsWith("Cancelled", Assert.Single(job.Lines(0, "end")), StringComparison.Ordinal);
        Assert.Equal(job.Lines(0, "end"), job.Lines(1, "end"));
        Assert.InRange(job.Hashes().Count, 3, 15);
        Assert.NotEmpty(Directory.GetFiles(checkpoints.Path, "*.safetensors"));
    }

    [Theory]
    [MemberData(nameof(Launchers))]
    public void An_exception_on_one_process_ends_the_job_with_its_message(string launcher)
    {
        using var job = MpiJob.Start(launcher, 2, ["accumulation", "2", "trouble", "throw", "rank", "1"]);

        Assert.NotEqual(0, job.WaitForExit(Seconds));
        Assert.Contains("Process 1 of 2: System.InvalidTimeZoneException: an exception of the test", job.Errors, StringComparison.Ordinal);
        Assert.Empty(job.Lines(0, "end"));
    }

    /// <summary>Of whatever kind, they end no process and leave the processes in step.</summary>
    [Theory]
    [MemberData(nameof(Launchers))]
    public void Tensors_that_cannot_be_exchanged_are_refused_on_all(string launcher)
    {
        using var one = MpiJob.Run(null, 1, "accumulation", "2");

        using var two = MpiJob.Run(launcher, 2, "accumulation", "2", "trouble", "tensors");

        var outcomes = two.Lines(0, "bad");
        Assert.Equal(outcomes, two.Lines(1, "bad"));
        Assert.Contains("AllReduce null: ArgumentNullException", outcomes);
        Assert.Contains("AllReduce 2 x 8 of int32: ArgumentException", outcomes);
        Assert.Contains("Broadcast 2 x 8 of int32: taken", outcomes);
        Assert.Contains("Broadcast 3 x 2 transposed: ArgumentException", outcomes);
        Assert.DoesNotContain(outcomes, outcome => outcome.Contains("meta device: taken", StringComparison.Ordinal) || outcome.Contains("sparse: taken", StringComparison.Ordinal));
        Assert.Equal(one.Hashes(), two.Hashes());
    }

    [Theory]
    [MemberData(nameof(Launchers))]
    public void Other_options_on_one_process_are_named_before_the_first_step(string launcher)
    {
        using var job = MpiJob.Start(launcher, 2, ["accumulation", "2", "trouble", "rate", "rank", "1"]);

        Assert.NotEqual(0, job.WaitForExit(Seconds));
        Assert.Contains("LearningRate is 0.02 on process 1 and 0.01 on process 0", job.Errors, StringComparison.Ordinal);
        Assert.Empty(job.Lines(0, "step"));
    }

    [Theory]
    [InlineData("mpirun.openmpi", "libmpich.so.12")]
    [InlineData("mpirun.mpich", "libmpi.so.40")]
    public void The_library_of_another_launcher_is_noticed(string launcher, string library)
    {
        using var job = MpiJob.Start(launcher, 2, ["accumulation", "2"], new Dictionary<string, string> { ["ADALORA_MPI_LIBRARY"] = library });

        Assert.NotEqual(0, job.WaitForExit(Seconds));
        Assert.Contains("the library and the launcher do not belong together", job.Errors, StringComparison.Ordinal);
        Assert.Empty(job.Lines(0, "step"));
    }

    [Theory]
    [MemberData(nameof(Launchers))]
    public void Whoever_waits_long_names_the_process_that_is_missing(string launcher)
    {
        using var job = MpiJob.Start(launcher, 3, ["accumulation", "3", "patience", "5", "trouble", "sleep", "rank", "1"]);

        Assert.True(job.WaitForExit() == 0, job.Errors);
        Assert.Contains("for process 1.", job.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("for process 0", job.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("for process 2", job.Errors, StringComparison.Ordinal);
    }
}
