using AdaLora.Internals.Cpu;
using Xunit;

namespace AdaLora.Tests.Internals;

public sealed class HostThreadsTests
{
    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(1, 5, 2)]
    [InlineData(10, 3, 1)]
    [InlineData(1000, 7, 2)]
    [InlineData(1000, 1, 5)]
    public void Every_item_is_in_one_piece(int count, int piece, int threads)
    {
        var seen = new int[count];

        HostThreads.Run(count, piece, threads, (first, length) =>
        {
            Assert.InRange(length, 1, piece);
            for (var i = first; i < first + length; i++)
                Interlocked.Increment(ref seen[i]);
        });

        Assert.All(seen, times => Assert.Equal(1, times));
    }

    [Fact]
    public void Callers_on_several_threads_do_not_mix()
    {
        var sums = new long[4];
        var threads = Enumerable.Range(0, sums.Length).Select(t => new Thread(() =>
        {
            for (var round = 0; round < 50; round++)
                HostThreads.Run(100, 1, 2, (first, _) => Interlocked.Add(ref sums[t], first));
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.All(sums, sum => Assert.Equal(50 * 99 * 100 / 2, sum));
    }

    [Fact]
    public void An_exception_on_any_thread_reaches_the_caller()
    {
        var failure = Record.Exception(() => HostThreads.Run(100, 1, 2, (first, _) => throw new InvalidDataException($"piece {first}")));

        Assert.IsType<InvalidDataException>(failure is AggregateException several ? several.InnerExceptions[0] : failure);
        // The threads can be used again.
        Every_item_is_in_one_piece(1000, 7, 2);
    }

    [Fact]
    public void On_Linux_the_threads_are_those_of_libtorch_and_more_than_one_of_them_works()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "libtorch uses another OpenMP than libgomp here.");
        Assert.True(OpenMpThreads.IsAvailable);
        var workers = new System.Collections.Concurrent.ConcurrentDictionary<int, bool>();
        using var both = new Barrier(2);

        OpenMpThreads.Run(2, () =>
        {
            workers[Environment.CurrentManagedThreadId] = true;
            Assert.True(both.SignalAndWait(TimeSpan.FromSeconds(30)));
        });

        Assert.Equal(2, workers.Count);
    }
}
