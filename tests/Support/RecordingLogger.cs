using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace AdaLora.TestSupport;

/// <summary>Keeps everything that is logged.</summary>
internal sealed class RecordingLogger : ILogger
{
    public ConcurrentQueue<(LogLevel Level, EventId Id, string Text)> Entries { get; } = new();

    /// <summary>The texts, exceptions included.</summary>
    public IEnumerable<string> Lines => Entries.Select(entry => entry.Text);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Entries.Enqueue((logLevel, eventId, $"{formatter(state, exception)} {exception}"));
}
