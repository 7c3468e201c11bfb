using System.Runtime.InteropServices;

namespace AdaLora.Glue;

/// <summary>Turns the first Ctrl-C into a cancelled token; the second ends the process at once, as if nobody listened.</summary>
internal sealed class InterruptSignal : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _registration;

    /// <param name="onFirst">Told of the first signal, on another thread.</param>
    /// <param name="onSecond">Told of the second one just before the end.</param>
    public InterruptSignal(Action onFirst, Action onSecond) => _registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
    {
        if (_source.IsCancellationRequested)
        {
            onSecond();
            return;
        }

        context.Cancel = true;
        _source.Cancel();
        onFirst();
    });

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _registration.Dispose();
        _source.Dispose();
    }
}
