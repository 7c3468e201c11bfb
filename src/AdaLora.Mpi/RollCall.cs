using System.Diagnostics;

namespace AdaLora.Mpi;

/// <summary>
/// Waits until all processes have come to the same call, and finds out who is missing if that takes long: whoever waits answers to those that ask, so the ones that do not answer are
/// somewhere else, or gone.
/// </summary>
internal sealed unsafe class RollCall(MpiLibrary library, int rank, int size, TimeSpan patience, Action<string> report)
{
    private const int Question = 7001, Answer = 7002;
    private const int Spins = 2000;
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan TimeToAnswer = TimeSpan.FromSeconds(3);

    private long _call;

    /// <summary>Time spent waiting for others so far.</summary>
    public TimeSpan Waited { get; private set; }

    /// <param name="name">What all are to do next, for the report.</param>
    /// <returns>An MPI error code; 0 if all have come.</returns>
    public int Wait(string name)
    {
        nint request = 0;
        if (library.StartBarrier(library.Abi.World, &request) is not 0 and var refused)
            return refused;
        var watch = Stopwatch.StartNew();
        var (nextProbe, nextReport) = (ProbeEvery, patience);
        for (var turn = 0; ; turn++)
        {
            var isDone = 0;
            if (library.Test(&request, &isDone, library.Abi.IgnoreStatus) is not 0 and var failed)
                return failed;
            if (isDone != 0)
                break;
            // The others are near most of the time.
            if (turn < Spins)
                continue;
            Thread.Yield();
            if (watch.Elapsed < nextProbe)
                continue;
            nextProbe = watch.Elapsed + ProbeEvery;
            AnswerQuestions();
            if (watch.Elapsed < nextReport)
                continue;
            nextReport = watch.Elapsed + patience;
            Ask(name, watch.Elapsed);
        }

        Waited += watch.Elapsed;
        return 0;
    }

    private void AnswerQuestions()
    {
        for (var other = 0; other < size; other++)
        {
            if (other != rank && Take(other, Question) is { } call)
                Tell(other, Answer, call);
        }
    }

    private void Ask(string name, TimeSpan waited)
    {
        var missing = Enumerable.Range(0, size).Where(other => other != rank).ToHashSet();
        _call++;
        foreach (var other in missing)
            Tell(other, Question, _call);
        var watch = Stopwatch.StartNew();
        while (missing.Count > 0 && watch.Elapsed < TimeToAnswer)
        {
            AnswerQuestions();
            // One that was elsewhere may still answer an earlier question.
            missing.RemoveWhere(other => Take(other, Answer) == _call);
            Thread.Sleep(10);
        }

        if (missing.Count > 0)
            report($"Process {rank} of {size} has waited {waited.TotalSeconds:F0} s in {name} for process {string.Join(", ", missing.Order())}.");
    }

    // Small enough to be sent without waiting for whoever receives it.
    private void Tell(int other, int tag, long call) => _ = library.Send(&call, sizeof(long), library.Abi.Byte, other, tag, library.Abi.World);

    private long? Take(int other, int tag)
    {
        var isThere = 0;
        if (library.Probe(other, tag, library.Abi.World, &isThere, library.Abi.IgnoreStatus) != 0 || isThere == 0)
            return null;
        long call = 0;
        _ = library.Receive(&call, sizeof(long), library.Abi.Byte, other, tag, library.Abi.World, library.Abi.IgnoreStatus);
        return call;
    }
}
