using AdaLora.Safetensors;
using AdaLora.Training.Checkpoints;

namespace AdaLora.Training.Progress;

/// <summary>The progress of a training, in optimiser steps.</summary>
internal sealed class StepCounters : IResumable
{
    /// <summary>Optimiser steps done, including skipped ones.</summary>
    public long Steps { get; private set; }

    /// <summary>Backward passes since the latest optimiser step.</summary>
    public int Pending { get; private set; }

    /// <summary>Steps skipped because a gradient was not finite.</summary>
    public long Skipped { get; private set; }

    public int SkippedInARow { get; private set; }

    public void CountBackward() => Pending++;

    public void CountStep(bool skipped)
    {
        Pending = 0;
        Steps++;
        Skipped += skipped ? 1 : 0;
        SkippedInARow = skipped ? SkippedInARow + 1 : 0;
    }

    public void Save(StateTable state)
    {
        state.Put("steps", Steps);
        state.Put("pending", (long)Pending);
        state.Put("skipped", Skipped);
        state.Put("skipped_in_a_row", (long)SkippedInARow);
    }

    public void Resume(StateTable state)
    {
        Steps = state.Integer("steps");
        Pending = (int)state.Integer("pending");
        Skipped = state.Integer("skipped");
        SkippedInARow = (int)state.Integer("skipped_in_a_row");
    }
}
