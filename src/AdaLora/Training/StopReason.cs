namespace AdaLora.Training;

/// <summary>Why a training ended.</summary>
public enum StopReason
{
    /// <summary>All steps were done.</summary>
    Completed,

    /// <summary>Cancellation was requested; the current step was finished first.</summary>
    Cancelled,

    /// <summary>The evaluation score did not improve for <see cref="TrainerOptions.Patience"/> evaluations.</summary>
    NoImprovement,

    /// <summary><see cref="TrainerOptions.MaxSkippedInARow"/> steps in a row had gradients that were not finite.</summary>
    Diverged,
}
