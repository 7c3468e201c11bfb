using System.Runtime.InteropServices;

namespace AdaLora.Experiments.Programs;

/// <summary>
/// Turns the first Ctrl-C into a cancelled token; the second ends the process at once, as if nobody were listening. A request to terminate, as sent by job schedulers, cancels as well,
/// but does not count: it may arrive together with a Ctrl-C.
/// </summary>
internal sealed class InterruptSignal : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations;
    private bool _interrupted;
    private bool _terminated;

    /// <param name="onFirst">Called on the first signal, on another thread.</param>
    /// <param name="onSecond">Called on the second signal, just before the end.</param>
    public InterruptSignal(Action onFirst, Action onSecond) => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            if (_interrupted)
            {
                onSecond();
                return;
            }

            _interrupted = true;
            Cancel(context, onFirst);
        }),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            _terminated |= !_source.IsCancellationRequested;
            Cancel(context, onFirst);
        }),
    ];

    public CancellationToken Token => _source.Token;

    /// <summary>The exit code of a run that was cancelled, by the signal that came first.</summary>
    public int ExitCodeOf(int code) => code == ExitCode.Cancelled && _terminated ? ExitCode.Terminated : code;

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _source.Dispose();
    }

    private void Cancel(PosixSignalContext context, Action onFirst)
    {
        context.Cancel = true;
        if (_source.IsCancellationRequested)
            return;
        _source.Cancel();
        onFirst();
    }
}
