using AdaLora.Processes;
using AdaLora.Processes.Nccl;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Processes;

/// <summary>NCCL's interface, with functions that work on the host's memory in place of the library's. What the library itself does is shown by the check on a card.</summary>
public sealed class NcclTests
{
    [Fact]
    public void Cards_train_what_one_process_trains()
    {
        using var alone = new Replica();
        var expected = alone.Train(ProcessGroup.Single);
        using var replicas = new Replicas(4);
        using var nccl = new FakeNccl(4);

        var found = ThreadGroup.Run(4, others =>
        {
            using var group = new NcclProcessGroup(others, CPU, () => nccl.Library);
            var run = replicas[group.Rank].Train(group);
            // Everything that is a tensor goes from card to card.
            Assert.DoesNotContain(others.Calls, call => call.Name is "AllReduce" or "Broadcast");
            return run;
        });

        Assert.All(found, one => Assert.Equal(expected.Hashes, one.Hashes));
        Assert.True(nccl.Collectives > 2 * Replica.Steps);
    }

    [Fact]
    public void Sums_of_half_precision_are_computed_in_single()
    {
        using var nccl = new FakeNccl(2);

        var sums = ThreadGroup.Run(2, others =>
        {
            using var group = new NcclProcessGroup(others, CPU, () => nccl.Library);
            using var scope = NewDisposeScope();
            var (half, wide) = (tensor([1f, 2f], device: CPU).to(ScalarType.BFloat16), tensor([1e300, 2.0], device: CPU));
            group.AllReduce(half);
            group.AllReduce(wide);
            var flags = tensor([group.Rank == 1, false], device: CPU);
            group.Broadcast(flags, root: 1);
            return (half.to(ScalarType.Float32).data<float>().ToArray(), wide.data<double>().ToArray(), flags.data<bool>().ToArray());
        });

        Assert.All(sums, one => Assert.Equal([2f, 4f], one.Item1));
        Assert.All(sums, one => Assert.Equal([2e300, 4.0], one.Item2));
        Assert.All(sums, one => Assert.Equal([true, false], one.Item3));
    }

    [Fact]
    public void Refusals_say_what_is_wrong()
    {
        using var nccl = new FakeNccl(1) { Refusal = 5 };

        Assert.Equal(
            "ncclCommInitRank failed with code 5: a refusal of the test. Set NCCL_DEBUG=INFO to see why.",
            Assert.Throws<NcclException>(() => new NcclProcessGroup(ProcessGroup.Single, CPU, () => nccl.Library)).Message);
        Assert.Contains("not on cpu", Assert.Throws<ArgumentException>(() => new NcclProcessGroup(ProcessGroup.Single, CPU)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "NCCL was not found; tried libnothing.so",
            Assert.Throws<NcclException>(() => new NcclProcessGroup(ProcessGroup.Single, new Device(DeviceType.CUDA, 0), "libnothing.so")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_tensors_are_refused_before_anything_is_exchanged()
    {
        using var nccl = new FakeNccl(1);
        using var group = new NcclProcessGroup(ProcessGroup.Single, CPU, () => nccl.Library);
        using var scope = NewDisposeScope();

        Assert.Contains("not of Int64", Assert.Throws<ArgumentException>(() => group.AllReduce(zeros(2, dtype: ScalarType.Int64, device: CPU))).Message, StringComparison.Ordinal);
        Assert.Contains("not contiguous", Assert.Throws<ArgumentException>(() => group.Broadcast(zeros(2, 3, device: CPU).t(), 0)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => group.Broadcast(zeros(2, device: CPU), 1));
        group.Dispose();
        Assert.Throws<ObjectDisposedException>(() => group.AllReduce(zeros(2, device: CPU)));
        Assert.Equal(0, nccl.Collectives);
    }
}
