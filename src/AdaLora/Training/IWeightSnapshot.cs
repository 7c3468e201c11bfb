using AdaLora.Serialization;

namespace AdaLora.Training;

/// <summary>Weights that can be put back.</summary>
internal interface IWeightSnapshot : IDisposable
{
    void Restore();

    void Save(StateTable state);
}
