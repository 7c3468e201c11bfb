using System.Runtime.InteropServices;

namespace AdaLora.Instruct.Conversation;

/// <summary>Ctrl-C while an answer is generated ends that answer; between answers, it ends the program as usual.</summary>
internal sealed class AnswerInterrupts : IDisposable
{
    private readonly object _lock = new();
    private readonly PosixSignalRegistration _registration;
    private CancellationTokenSource? _current;

    public AnswerInterrupts() => _registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = Stop());

    /// <summary>Runs something that Ctrl-C ends.</summary>
    public void During(Action<CancellationToken> answer)
    {
        using var source = new CancellationTokenSource();
        Set(source);
        try
        {
            answer(source.Token);
        }
        finally
        {
            Set(null);
        }
    }

    /// <summary>Ends the answer that is being generated.</summary>
    /// <returns>Whether there is one.</returns>
    internal bool Stop()
    {
        lock (_lock)
        {
            _current?.Cancel();
            return _current is not null;
        }
    }

    public void Dispose() => _registration.Dispose();

    private void Set(CancellationTokenSource? source)
    {
        lock (_lock)
            _current = source;
    }
}
