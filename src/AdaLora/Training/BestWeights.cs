using AdaLora.Safetensors;
using AdaLora.Training.Checkpoints;

namespace AdaLora.Training;

/// <summary>A copy of everything that is trained, taken at the best evaluation.</summary>
internal sealed class BestWeights(TrainingTarget target) : IResumable, IDisposable
{
    private IWeightSnapshot? _snapshot;

    public bool IsPresent => _snapshot is not null;

    public void Keep()
    {
        _snapshot?.Dispose();
        _snapshot = target.Capture();
    }

    public void Restore() => _snapshot?.Restore();

    public void Save(StateTable state)
    {
        state.Put("present", IsPresent);
        _snapshot?.Save(state.Part("weights"));
    }

    public void Resume(StateTable state)
    {
        if (state.Flag("present"))
            _snapshot = target.ReadSnapshot(state.Part("weights"));
    }

    public void Dispose() => _snapshot?.Dispose();
}
