using AdaLora.Experiments.Reports;
using Microsoft.Extensions.Logging;

namespace AdaLora.Experiments.Runs;

/// <summary>Passes on the warnings of the trainer and the hub, and the checkpoint that a run continues from; progress is reported in another way.</summary>
internal sealed class NoteLogger(IRunReporter reporter) : ILogger
{
    private const int ResumedEvent = 23;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Warning || eventId.Id == ResumedEvent)
            reporter.Note(formatter(state, exception));
    }
}
