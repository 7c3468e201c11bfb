using System.Globalization;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using AdaLora.Internals.Cpu;
using AdaLora.Processes;
using AdaLora.Training.Checkpoints;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <content>What the processes of a group need to train the same model.</content>
internal sealed partial class TrainingRun
{
    private bool _isDataCompared;

    /// <summary>The processes share the batches of each step.</summary>
    /// <param name="place">The batch's place within the step, from 0.</param>
    private bool IsForThisProcess(int place) => place % _options.Group.Size == _options.Group.Rank;

    /// <exception cref="InvalidOperationException">The processes do not train the same.</exception>
    private void RequireSameness()
    {
        if (_options.Group.Size == 1)
            return;
        _isEndAgreed = _options.Group.Any(_cancellation.IsCancellationRequested);
        var machine = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["version of AdaLora"] = typeof(TrainingRun).Assembly.GetName().Version!.ToString(),
            ["version of libtorch"] = __version__,
            ["instructions of the processor"] = $"{(Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : AdvSimd.IsSupported ? "NEON" : "none")}, oneDNN {(OneDnn.IsFaster ? "on" : "off")}",
            ["threads"] = get_num_threads().ToString(CultureInfo.InvariantCulture),
        };
        Sameness.Require(_options.Group, _identify().Settings.Concat(machine), "The processes of the group would not train the same model");
    }

    /// <summary>Several processes agree on the end along with the gradients of a step.</summary>
    private bool IsCancelled => _options.Group.Size == 1 ? _cancellation.IsCancellationRequested : _isEndAgreed;

    /// <exception cref="InvalidOperationException">The first batch that this process sees is not that of the others.</exception>
    private void RequireSameBatch(object? batch)
    {
        if (_options.Group.Size == 1 || _isDataCompared)
            return;
        _isDataCompared = true;
        Sameness.Require(_options.Group, [new("The first batch", BatchFingerprint.Of(batch))], "The processes of the group would not train on the same data");
    }

    /// <summary>Every process must draw the same random numbers for the same batch.</summary>
    private void TakeKey()
    {
        if (_position.Key is null && _position.Batches == 0)
            _position.Key = _options.Seed;
        if (_position.Key is null && _options.Group.Size > 1)
            _position.Key = (long)_options.Group.OfFirst(DeviceRandomness.DrawSeed());
    }

    /// <exception cref="InvalidOperationException">What is trained differs between processes.</exception>
    private void RequireEqualWeights()
    {
        if (_options.Group.Size == 1)
            return;
        var trained = new WeightFingerprint(_target.Parameters.Select((parameter, index) => (index.ToString("D9", CultureInfo.InvariantCulture), (Tensor)parameter)));
        Sameness.Require(
            _options.Group, [new("The checksum of what is trained", trained.Describe(everyByte: false))],
            $"After step {_counters.Steps}, the processes of the group no longer have the same weights. Something other than the training changed them on one process, or a sum over the group was not the same everywhere");
    }

    private bool TryResume()
    {
        if (_options.Checkpoints is not { } options)
            return false;
        if (_options.Group.Size == 1)
            return _checkpoints!.TryResume(Resume);
        if (_checkpoints is { } keeper)
        {
            var isResumed = keeper.TryResume(state =>
            {
                StateExchange.Send(_options.Group, state.Entries);
                return Resume(state);
            });
            if (!isResumed)
                StateExchange.Send(_options.Group, tensors: null);
            return isResumed;
        }

        return StateExchange.Receive(_options.Group) is { } received && ResumeFrom(received, options);
    }

    private bool ResumeFrom(Dictionary<string, Tensor> received, CheckpointOptions options)
    {
        try
        {
            using var noGrad = no_grad();
            var state = new Safetensors.StateTable(received);
            Resume(state);
            if (state.Contains("extra"))
                options.ResumeExtra?.Invoke(state.Text("extra"));
        }
        finally
        {
            foreach (var tensor in received.Values)
                tensor.Dispose();
        }

        // The first process has what was waiting for the rest of its step, and the losses for the next report.
        ForgetPending();
        _losses.Clear();
        return true;
    }

    // A training that ends within a step.
    private void CollectPending()
    {
        _target.SettleGradients();
        new StepExchange(_options.Group).Sum(_target.Parameters);
        _window.Share(_options.Group);
        if (_options.Group.Rank > 0)
            ForgetPending();
    }

    private void ForgetPending()
    {
        _target.ForgetGradients(_optimizer);
        _window.Clear();
    }
}
