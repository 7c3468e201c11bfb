using AdaLora.Safetensors;

namespace AdaLora.Training;

/// <summary>Weights that can be put back.</summary>
internal interface IWeightSnapshot : IDisposable
{
    /// <summary>Puts all of them back, or none if that fails.</summary>
    void Restore();

    void Save(StateTable state);
}
