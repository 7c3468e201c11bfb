using AdaLora.Safetensors;

namespace AdaLora.Training.Checkpoints;

/// <summary>A part of a training that has something to remember.</summary>
internal interface IResumable
{
    /// <summary>Puts in what <see cref="Resume"/> needs. Tensors may be live: they are written before anything else happens.</summary>
    void Save(StateTable state);

    /// <summary>Goes on from there. Tensors of the table are freed afterwards.</summary>
    void Resume(StateTable state);
}
