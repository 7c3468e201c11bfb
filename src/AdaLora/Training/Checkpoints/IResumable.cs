using AdaLora.Safetensors;

namespace AdaLora.Training.Checkpoints;

/// <summary>A part of a training with state to save.</summary>
internal interface IResumable
{
    /// <summary>Adds what <see cref="Resume"/> needs. Tensors may be live: they are written before anything else happens.</summary>
    void Save(StateTable state);

    /// <summary>Restores the saved state. Tensors of the table are freed afterwards.</summary>
    void Resume(StateTable state);
}
