using System.Collections;
using AdaLora.Training.Data;
using Xunit;

namespace AdaLora.Tests.Training;

public sealed class PrefetchedBatchesTests
{
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(0, 4)]
    [InlineData(1, 4)]
    [InlineData(1000, 1)]
    [InlineData(1000, 4)]
    [InlineData(1000, 5000)]
    public void All_batches_come_in_their_order(int count, int ahead) => Assert.Equal(Enumerable.Range(0, count), PrefetchedBatches.Of(Enumerable.Range(0, count), ahead));

    [Fact]
    public void Batches_are_made_ahead_on_another_thread_but_not_further_than_asked_for()
    {
        var source = new Source(100);
        using var batches = PrefetchedBatches.Of(source, 3).GetEnumerator();
        Assert.Equal(0, source.Made);

        Assert.True(batches.MoveNext());

        // The one that was taken, three that are ready, and one for which there is no room yet.
        Assert.True(SpinWait.SpinUntil(() => source.Made == 5, LongEnough), $"{source.Made} made");
        Thread.Sleep(50);
        Assert.Equal(5, source.Made);
        Assert.NotSame(Thread.CurrentThread, source.MadeOn);
    }

    [Fact]
    public void Every_enumeration_is_a_pass_that_begins_when_it_is_asked_for()
    {
        var source = new Source(3);
        var batches = PrefetchedBatches.Of(source);

        Assert.Equal([0, 1, 2], batches);
        using var second = batches.GetEnumerator();

        Assert.Equal(2, source.Passes);
    }

    [Fact]
    public void A_fault_takes_the_place_of_its_batch()
    {
        var source = new Source(10) { FaultAt = 2 };
        using var batches = PrefetchedBatches.Of(source).GetEnumerator();
        Assert.True(batches.MoveNext());
        Assert.True(batches.MoveNext());

        var fault = Assert.Throws<InvalidDataException>(() => batches.MoveNext());

        Assert.Contains(nameof(Source), fault.StackTrace!, StringComparison.Ordinal);
        Assert.Same(fault, Assert.Throws<InvalidDataException>(() => batches.MoveNext()));
    }

    [Fact]
    public void A_fault_that_nobody_comes_to_is_not_told()
    {
        var source = new Source(10) { FaultAt = 2 };
        using (var batches = PrefetchedBatches.Of(source).GetEnumerator())
        {
            Assert.True(batches.MoveNext());
            Assert.True(source.MadeOn!.Join(LongEnough));
        }

        Assert.True(source.IsDisposed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(10)]
    public void Whoever_stops_early_leaves_no_thread_behind(int taken)
    {
        var source = new Source(10);

        Assert.Equal(Enumerable.Range(0, taken), PrefetchedBatches.Of(source, 2).Take(taken));

        Assert.True(source.MadeOn!.Join(LongEnough));
        Assert.True(source.IsDisposed);
    }

    [Fact]
    public void An_enumeration_that_never_begins_starts_no_thread()
    {
        var source = new Source(10);

        PrefetchedBatches.Of(source).GetEnumerator().Dispose();

        Assert.Null(source.MadeOn);
        Assert.True(source.IsDisposed);
    }

    [Fact]
    public async Task Disposing_waits_for_the_batch_in_the_making()
    {
        using var permits = new SemaphoreSlim(1);
        var source = new Source(10) { Permits = permits };
        var batches = PrefetchedBatches.Of(source).GetEnumerator();
        Assert.True(batches.MoveNext());

        var disposing = Task.Run(batches.Dispose, TestContext.Current.CancellationToken);

        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.False(disposing.IsCompleted);
        Assert.False(source.IsDisposed);
        permits.Release(20);
        await disposing.WaitAsync(LongEnough, TestContext.Current.CancellationToken);
        Assert.InRange(source.Made, 1, 2);
        batches.Dispose();
        _ = Assert.Throws<ObjectDisposedException>(() => batches.MoveNext());
    }

    [Fact]
    public void A_sequence_that_can_begin_anywhere_still_can()
    {
        var batches = Assert.IsAssignableFrom<IResumableBatches<int>>(PrefetchedBatches.Of(new Resumable()));

        Assert.Equal([102, 103], batches.Resume(1, 2));
        Assert.Equal([200, 201, 202, 203], batches);
        Assert.IsNotAssignableFrom<IResumableBatches<int>>(PrefetchedBatches.Of(new Source(1)));
    }

    [Fact]
    public void At_least_one_batch_is_ready()
    {
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => PrefetchedBatches.Of(Enumerable.Empty<int>(), 0));
        _ = Assert.Throws<ArgumentNullException>(() => PrefetchedBatches.Of<int>(null!));
    }

    /// <summary>Counts from 0, and remembers what was done with it.</summary>
    private sealed class Source(int count) : IEnumerable<int>
    {
        private volatile int _made;
        private volatile Thread? _madeOn;

        public int Made => _made;

        public int Passes { get; private set; }

        public Thread? MadeOn => _madeOn;

        public bool IsDisposed { get; private set; }

        public int FaultAt { get; init; } = -1;

        public SemaphoreSlim? Permits { get; init; }

        public IEnumerator<int> GetEnumerator()
        {
            Passes++;
            return new Counting(this, count);
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        private sealed class Counting(Source source, int count) : IEnumerator<int>
        {
            public int Current { get; private set; } = -1;

            object IEnumerator.Current => Current;

            public bool MoveNext()
            {
                source._madeOn = Thread.CurrentThread;
                _ = source.Permits?.Wait(LongEnough);
                if (++Current == source.FaultAt)
                    throw new InvalidDataException("a batch that cannot be made");
                if (Current >= count)
                    return false;
                source._made++;
                return true;
            }

            public void Reset() => throw new NotSupportedException();

            public void Dispose() => source.IsDisposed = true;
        }
    }

    /// <summary>Epochs of four batches, whose numbers begin with that of the epoch.</summary>
    private sealed class Resumable : IResumableBatches<int>
    {
        private int _passes;

        public IEnumerator<int> GetEnumerator() => Resume(_passes + 1, 0).GetEnumerator();

        public IEnumerable<int> Resume(int pass, long first)
        {
            _passes = pass;
            return Enumerable.Range(100 * pass, 4).Skip((int)first);
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
