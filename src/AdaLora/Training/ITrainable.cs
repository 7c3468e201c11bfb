namespace AdaLora.Training;

/// <summary>
/// A model that needs more than the optimiser step from a <see cref="Trainer"/>: an <see cref="AdaLoraModel"/>, whose ranks are allocated around it. Implemented only by this library.
/// </summary>
public interface ITrainable
{
    /// <summary>What the training loop drives.</summary>
    internal TrainingTarget AsTrainingTarget();
}
