using Microsoft.Extensions.Logging;

namespace AdaLora.Transformers.Loading;

/// <summary>What is logged when a checkpoint is read into a model.</summary>
internal static partial class LoadLog
{
    [LoggerMessage(EventId = 50, Level = LogLevel.Warning, Message = "The head of '{Folder}' is replaced by a new one, as requested: {Tensors}")]
    public static partial void HeadReplaced(ILogger logger, string folder, string tensors);

    [LoggerMessage(EventId = 51, Level = LogLevel.Warning, Message = "'{Folder}' lacks {Tensors}; these hold random values and must be trained")]
    public static partial void NewlyInitialized(ILogger logger, string folder, string tensors);

    [LoggerMessage(EventId = 52, Message = "The model has no place for these tensors of '{Folder}', which are ignored: {Tensors}")]
    public static partial void LeftOut(ILogger logger, LogLevel level, string folder, string tensors);
}
