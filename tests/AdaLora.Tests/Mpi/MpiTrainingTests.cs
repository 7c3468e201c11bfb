using System.Globalization;
using Xunit;

namespace AdaLora.Tests.Mpi;

/// <summary>Processes under MPI train what one process trains: with dropout, masks at every step and compaction.</summary>
public sealed class MpiTrainingTests
{
    public static TheoryData<string> Launchers => MpiJob.Launchers;

    [Theory]
    [MemberData(nameof(Launchers))]
    public void Two_processes_that_share_two_batches_end_with_the_bits_of_one(string launcher)
    {
        using var one = MpiJob.Run(null, 1, "accumulation", "2");

        using var two = MpiJob.Run(launcher, 2, "accumulation", "2");

        Assert.Equal(16, one.Hashes().Count);
        Assert.Equal(one.Hashes(), two.Hashes());
        Assert.Equal(["Completed 16 0 True"], two.Lines(1, "end"));
    }

    /// <summary>Sums of more than two terms depend on their order, in the last digits.</summary>
    [Theory]
    [InlineData("mpirun.openmpi", 2, "4")]
    [InlineData("mpirun.openmpi", 3, "4")]
    [InlineData("mpirun.mpich", 4, "4")]
    [InlineData("mpirun.mpich", 2, "3")]
    public void Any_number_of_processes_ends_near_one_and_with_the_same_bits_everywhere(string launcher, int size, string accumulation)
    {
        using var one = MpiJob.Run(null, 1, "accumulation", accumulation);

        using var several = MpiJob.Run(launcher, size, "accumulation", accumulation);

        Assert.Equal(16, several.Hashes().Count);
        var (expected, found) = (one.Weights(), several.Weights());
        var distance = Math.Sqrt(expected.Zip(found, (a, b) => Math.Pow(a - b, 2)).Sum() / expected.Sum(a => Math.Pow(a, 2)));
        Assert.InRange(distance, 0, 1e-6);
    }

    [Theory]
    [MemberData(nameof(Launchers))]
    public void Two_thousand_steps_need_no_more_memory_than_six_hundred(string launcher)
    {
        using var job = MpiJob.Run(launcher, 2, "accumulation", "2", "steps", "2000", "memory", "200");

        foreach (var memory in Enumerable.Range(0, 2).Select(rank => job.Lines(rank, "memory").Select(line => long.Parse(line, CultureInfo.InvariantCulture)).ToList()))
        {
            Assert.Equal(10, memory.Count);
            // 100 bytes a step would be 140 kB; .NET and libtorch keep their own reserves.
            Assert.InRange(memory[^1] - memory[2], long.MinValue, 8 << 20);
        }
    }

    /// <summary>Two hosts that are network namespaces of this machine, with names of their own and a cable between them.</summary>
    [Theory]
    [MemberData(nameof(Launchers))]
    public void Two_hosts_end_with_the_bits_of_one_process(string launcher)
    {
        using var one = MpiJob.Run(null, 1, "accumulation", "2");

        using var two = MpiJob.RunOnTwoHosts(launcher, 2, "accumulation", "2");

        Assert.Equal(one.Hashes(), two.Hashes());
        Assert.Equal(["host-a", "host-b"], new[] { two.Lines(0, "host")[0], two.Lines(1, "host")[0] });
    }

    [Theory]
    [MemberData(nameof(Launchers))]
    public void Bad_gradients_on_one_process_skip_the_step_on_all_as_on_one(string launcher)
    {
        // The fifth batch of process 1 is the tenth of all.
        using var one = MpiJob.Run(null, 1, "accumulation", "2", "trouble", "nan", "batch", "10");

        using var two = MpiJob.Run(launcher, 2, "accumulation", "2", "trouble", "nan", "rank", "1", "batch", "5");

        Assert.Equal(["Completed 16 1 True"], two.Lines(0, "end"));
        Assert.Equal(one.Hashes(), two.Hashes());
    }
}
