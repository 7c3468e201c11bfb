namespace AdaLora.GpuCheck;

/// <summary>Starts PEFT's process at once where a check will ask for it, because it takes long to load.</summary>
internal sealed class PeftStarter : IDisposable
{
    private readonly PeftProcess? _started;

    public PeftStarter(CheckOptions options)
    {
        CheckSkippedException? absent = null;
        try
        {
            if (Checks.All.Any(check => options.Items.Contains(check.Name) && check is TimesCheck or MemoryCheck or OperationsCheck))
                _started = PeftProcess.Start(options);
        }
        catch (CheckSkippedException e)
        {
            absent = e;
        }

        Process = new Lazy<PeftProcess>(() =>
        {
            if (_started is null)
                throw absent ?? new CheckSkippedException("No check requested PEFT.");
            _started.WaitUntilReady();
            return _started;
        });
    }

    /// <summary>The process, ready. Waits for it.</summary>
    public Lazy<PeftProcess> Process { get; }

    public void Dispose() => _started?.Dispose();
}
