using AdaLora.Processes;
using AdaLora.Safetensors;
using AdaLora.Training.Checkpoints;

namespace AdaLora.Training;

/// <content>What a checkpoint holds, and resuming from one.</content>
internal sealed partial class TrainingRun
{
    // In the order in which they can be resumed: the optimiser's state has the sizes of the weights, and reports quote evaluations.
    private IEnumerable<(string Name, IResumable Part)> Parts =>
    [
        ("steps", _counters), ("data", _position), ("timer", _timer), ("losses", _losses), ("window", _window), ("evaluations", _evaluations), ("history", _history), ("best", _best),
        ("loss_scale", _scaler), ("optimizer", new OptimizerState(_optimizer)),
    ];

    /// <summary>Within a step, what several processes have computed of it is spread over them: they save after it.</summary>
    private bool CanSave => _options.Group.Size == 1 || _counters.Pending == 0;

    private void Save()
    {
        _isCheckpointDue = false;
        if (_options.Checkpoints is null)
        {
            _bestIsUnsaved = false;
            return;
        }

        if (!CanSave)
            CollectPending();
        _losses.Collect(_options.Group);
        BufferExchange.Share(_options.Group, _target.Model);
        _checkpoints?.Save(_position.Batches, _bestIsUnsaved, state =>
        {
            _target.Save(state.Part("model"), isWithinStep: _counters.Pending > 0);
            foreach (var (name, part) in Parts)
                part.Save(state.Part(name));
        });
        _bestIsUnsaved = false;
    }

    private long Resume(StateTable state)
    {
        _target.Resume(state.Part("model"));
        foreach (var (name, part) in Parts)
            part.Resume(state.Part(name));
        SetLearningRates(Math.Max(0, _counters.Steps - 1));
        return _counters.Steps;
    }

    private StopReason? EndedBefore() =>
        _counters.Steps == _options.TotalSteps ? StopReason.Completed
        : _evaluations.OutOfPatience ? StopReason.NoImprovement
        : null;
}
