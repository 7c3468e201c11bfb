namespace AdaLora.Training;

/// <summary>A model for which a <see cref="Trainer"/> does more around an optimiser step than that step: an <see cref="AdaLoraModel"/>, whose ranks it allocates. Only this library implements it.</summary>
public interface ITrainable
{
    /// <summary>What the training loop drives.</summary>
    internal TrainingTarget AsTrainingTarget();
}
