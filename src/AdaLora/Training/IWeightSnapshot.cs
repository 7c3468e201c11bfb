using AdaLora.Safetensors;

namespace AdaLora.Training;

/// <summary>Weights that can be restored.</summary>
internal interface IWeightSnapshot : IDisposable
{
    /// <summary>Restores all of them, or none if that fails.</summary>
    void Restore();

    void Save(StateTable state);
}
