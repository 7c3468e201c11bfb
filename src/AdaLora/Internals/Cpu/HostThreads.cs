namespace AdaLora.Internals.Cpu;

/// <summary>Distributes work on memory over threads.</summary>
internal static class HostThreads
{
    /// <summary>
    /// Calls <paramref name="work"/> with the start and length of each piece of 0 to <paramref name="count"/>, in any order. Uses no other threads if one piece or one thread is enough;
    /// otherwise libtorch's if they are available, else .NET's pool.
    /// </summary>
    /// <param name="count">Number of items.</param>
    /// <param name="piece">Items per piece, at least 1; the last piece may have fewer.</param>
    /// <param name="threads">Maximum number of threads, at least 1.</param>
    /// <param name="work">What to do with a piece.</param>
    public static void Run(int count, int piece, int threads, Action<int, int> work)
    {
        var pieces = (count + piece - 1) / piece;
        var team = Math.Min(threads, pieces);
        if (team > 1 && OpenMpThreads.IsAvailable)
        {
            var next = -1;
            OpenMpThreads.Run(team, () =>
            {
                for (var index = Interlocked.Increment(ref next); index < pieces; index = Interlocked.Increment(ref next))
                    Do(index);
            });
        }
        else if (team > 1)
        {
            Parallel.For(0, pieces, new ParallelOptions { MaxDegreeOfParallelism = team }, Do);
        }
        else
        {
            for (var index = 0; index < pieces; index++)
                Do(index);
        }

        void Do(int index) => work(index * piece, Math.Min(piece, count - (index * piece)));
    }
}
