using System.Runtime.InteropServices;

namespace AdaLora.Mpi;

/// <summary>Signals that ask a process to end, as a cancellation.</summary>
internal sealed class Termination : IDisposable
{
    // SIGUSR1 has no name in .NET, and different numbers.
    private const int LinuxUser1 = 10, MacUser1 = 30;

    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    public Termination()
    {
        PosixSignal[] signals = OperatingSystem.IsWindows() ? [PosixSignal.SIGTERM, PosixSignal.SIGINT]
            : [PosixSignal.SIGTERM, PosixSignal.SIGINT, (PosixSignal)(OperatingSystem.IsMacOS() ? MacUser1 : LinuxUser1)];
        foreach (var signal in signals)
            _registrations.Add(PosixSignalRegistration.Create(signal, Cancel));
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _source.Dispose();
    }

    private void Cancel(PosixSignalContext context)
    {
        // A second one ends the process as usual.
        context.Cancel = !_source.IsCancellationRequested;
        _source.Cancel();
    }
}
