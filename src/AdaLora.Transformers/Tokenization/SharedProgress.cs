namespace AdaLora.Transformers.Tokenization;

/// <summary>Progress of work that several threads do together: reports come about a hundred times, one at a time and in ascending order.</summary>
internal sealed class SharedProgress(int total, IProgress<int>? progress)
{
    private const int Reports = 100;

    private readonly object _lock = new();
    private readonly int _every = Math.Max(1, total / Reports);
    private int _done;
    private int _reported;

    /// <summary>One more piece is done.</summary>
    public void CountOne()
    {
        var done = Interlocked.Increment(ref _done);
        if (progress is null || (done % _every != 0 && done != total))
            return;
        lock (_lock)
        {
            if (done <= _reported)
                return;
            _reported = done;
            progress.Report(done);
        }
    }
}
