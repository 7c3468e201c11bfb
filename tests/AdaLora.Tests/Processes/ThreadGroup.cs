using AdaLora.Internals;
using AdaLora.Processes;
using static TorchSharp.torch;

namespace AdaLora.Tests.Processes;

/// <summary>Threads of this process as a group: sums are taken by one of them, in the order of the ranks, and copied by all.</summary>
internal sealed class ThreadGroup : IDisposable
{
    private readonly Barrier _barrier;
    private readonly CancellationTokenSource _failed = new();
    private readonly Tensor[] _tensors;
    private readonly byte[][] _bytes;
    private Tensor? _shared;

    private ThreadGroup(int size)
    {
        _barrier = new Barrier(size);
        (_tensors, _bytes) = (new Tensor[size], new byte[size][]);
    }

    /// <summary>Runs the same code on that many threads. If one fails the others stop waiting for it, and its exception is thrown.</summary>
    public static TResult[] Run<TResult>(int size, Func<Member, TResult> run)
    {
        using var group = new ThreadGroup(size);
        var results = new TResult[size];
        var failures = new List<Exception>();
        var threads = Enumerable.Range(0, size).Select(rank => new Thread(() => group.Run(new Member(group, rank), member => results[rank] = run(member), failures))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return failures.Count == 0 ? results : throw new AggregateException(failures);
    }

    public void Dispose()
    {
        _barrier.Dispose();
        _failed.Dispose();
    }

    private void Run(Member member, Action<Member> run, List<Exception> failures)
    {
        try
        {
            run(member);
        }
        catch (OperationCanceledException) when (_failed.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            lock (failures)
                failures.Add(e);
            _failed.Cancel();
        }
    }

    private void Wait()
    {
        if (!_barrier.SignalAndWait(TimeSpan.FromMinutes(2), _failed.Token))
            throw new TimeoutException("Another member of the group never came.");
    }

    internal sealed class Member(ThreadGroup group, int rank) : IProcessGroup
    {
        public int Rank => rank;

        public int Size => group._bytes.Length;

        public int LocalRank => rank;

        /// <summary>What this member was asked to do, in order: the member's name and how many elements or bytes.</summary>
        public List<(string Name, long Count)> Calls { get; } = [];

        public void AllReduce(Tensor tensor)
        {
            Calls.Add((nameof(AllReduce), tensor.numel()));
            Exchange(tensor, tensors =>
            {
                var sum = tensors[0].detach().clone();
                foreach (var other in tensors[1..])
                    sum.AddInPlace(other.detach());
                return sum;
            });
        }

        public void Broadcast(Tensor tensor, int root)
        {
            Calls.Add((nameof(Broadcast), tensor.numel()));
            Exchange(tensor, tensors => tensors[root].detach().clone());
        }

        public IReadOnlyList<byte[]> AllGather(byte[] bytes)
        {
            Calls.Add((nameof(AllGather), bytes.Length));
            group._bytes[rank] = bytes;
            group.Wait();
            byte[][] all = [.. group._bytes];
            group.Wait();
            return all;
        }

        public void Barrier()
        {
            Calls.Add((nameof(Barrier), 0));
            group.Wait();
        }

        private void Exchange(Tensor tensor, Func<Tensor[], Tensor> combine)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            group._tensors[rank] = tensor;
            group.Wait();
            if (rank == 0)
                group._shared = combine(group._tensors);
            group.Wait();
            _ = tensor.copy_(group._shared!);
            group.Wait();
        }
    }
}
