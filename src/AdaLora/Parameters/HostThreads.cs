namespace AdaLora.Parameters;

/// <summary>Spreads work over memory among threads.</summary>
internal static class HostThreads
{
    /// <summary>Calls <paramref name="work"/> with the start and the length of each piece of 0 to <paramref name="count"/>, in any order. Without other threads where one piece or one thread is enough.</summary>
    /// <param name="count">Items there are.</param>
    /// <param name="piece">Items of a piece, at least 1; the last piece may have fewer.</param>
    /// <param name="threads">Largest number of threads to use, at least 1.</param>
    /// <param name="work">What to do with a piece.</param>
    public static void Run(int count, int piece, int threads, Action<int, int> work)
    {
        var pieces = (count + piece - 1) / piece;
        if (pieces > 1 && threads > 1)
        {
            Parallel.For(0, pieces, new ParallelOptions { MaxDegreeOfParallelism = threads }, Do);
            return;
        }

        for (var i = 0; i < pieces; i++)
            Do(i);

        void Do(int index) => work(index * piece, Math.Min(piece, count - (index * piece)));
    }
}
