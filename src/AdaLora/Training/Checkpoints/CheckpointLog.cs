using Microsoft.Extensions.Logging;

namespace AdaLora.Training.Checkpoints;

/// <summary>Log messages about checkpoints, one event id each.</summary>
internal static partial class CheckpointLog
{
    [LoggerMessage(EventId = 20, Level = LogLevel.Debug, Message = "Saved {Path}")]
    public static partial void Saved(ILogger logger, string path);

    [LoggerMessage(EventId = 21, Level = LogLevel.Warning, Message = "The checkpoint after {Batches} batches could not be saved; training continues, and earlier checkpoints are intact: {Reason}")]
    public static partial void NotSaved(ILogger logger, long batches, string reason);

    [LoggerMessage(EventId = 22, Level = LogLevel.Warning, Message = "Refused: {Reason}")]
    public static partial void Refused(ILogger logger, string reason);

    [LoggerMessage(EventId = 23, Level = LogLevel.Information, Message = "Resuming from {Path}: step {Step}")]
    public static partial void Resumed(ILogger logger, string path, long step);

    [LoggerMessage(EventId = 24, Level = LogLevel.Warning,
        Message = "The checkpoint was made with {Then} threads, but this process uses {Now}: sums are rounded in a different order, so results may differ in the last digits")]
    public static partial void OtherThreads(ILogger logger, string then, int now);
}
