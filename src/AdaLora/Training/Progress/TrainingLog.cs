using Microsoft.Extensions.Logging;

namespace AdaLora.Training.Progress;

/// <summary>Log messages of the training loop, one event id each.</summary>
internal static partial class TrainingLog
{
    [LoggerMessage(EventId = 10, Level = LogLevel.Information, Message = "Training {Parameters} parameters for {TotalSteps} steps")]
    public static partial void Started(ILogger logger, long totalSteps, long parameters);

    [LoggerMessage(
        EventId = 11,
        Level = LogLevel.Information,
        Message = "Step {Step}/{TotalSteps}: loss {Loss:F4}, penalty {Penalty:F4}, budget {Budget}, live {LiveTriplets}, learning rate {LearningRate:G3}{Throughput}, remaining {Remaining}")]
    public static partial void Progress(
        ILogger logger, long step, long totalSteps, double loss, double? penalty, int? budget, int? liveTriplets, double learningRate, Throughput throughput, TimeSpan remaining);

    [LoggerMessage(EventId = 12, Level = LogLevel.Information, Message = "Step {Step}: score {Score:F4}, best so far {Best:F4}")]
    public static partial void Evaluated(ILogger logger, long step, double score, double best);

    [LoggerMessage(EventId = 13, Level = LogLevel.Warning, Message = "Step {Step}: a gradient is not finite; the optimiser step is skipped")]
    public static partial void StepSkipped(ILogger logger, long step);

    [LoggerMessage(EventId = 53, Level = LogLevel.Information, Message = "Step {Step}: a gradient is not finite with a loss scale of {Scale}; the optimiser step is skipped and the scale halved")]
    public static partial void ScaledStepSkipped(ILogger logger, long step, double scale);

    [LoggerMessage(EventId = 14, Level = LogLevel.Information, Message = "Training ended ({Reason}) after {Steps} steps in {Elapsed}")]
    public static partial void Ended(ILogger logger, StopReason reason, long steps, TimeSpan elapsed);

    [LoggerMessage(EventId = 54, Level = LogLevel.Information, Message = "{Processes} processes shared the training; the first waited {Waited} for the others and exchanged data for {Transferred}")]
    public static partial void Shared(ILogger logger, int processes, TimeSpan waited, TimeSpan transferred);

    [LoggerMessage(EventId = 15, Level = LogLevel.Warning, Message = "Pruned triplets are only masked, not dropped: {Reason}")]
    public static partial void NotCompacted(ILogger logger, string reason);
}
