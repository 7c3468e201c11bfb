using System.Security.Cryptography;
using AdaLora.Processes;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using AdaLora.Training.Progress;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Tests.Processes;

/// <summary>A model with adapters, and a training that records what became of it after each step.</summary>
internal sealed class Replica : IProgress<TrainingProgress>, IDisposable
{
    /// <summary>Steps of a training, unless it is told another number.</summary>
    public const int Steps = 16;

    private const int Accumulation = 4;
    private readonly TinyModel _model = new();

    public Replica(AttachmentMethod attachment = AttachmentMethod.Automatic)
        : this(TinyTask.Options with { Attachment = attachment })
    {
    }

    public Replica(AdaLoraOptions options)
    {
        Adapted = AdaLoraModel.Attach(_model, options);
        Initial = [.. Adapted.TrainableParameters.Select(p => p.numel())];
    }

    public AdaLoraModel Adapted { get; }

    /// <summary>Numbers in each trained parameter.</summary>
    public long[] Initial { get; }

    public RecordingLogger Logger { get; } = new();

    public List<TrainingProgress> Reports { get; } = [];

    public ReplicaRun Train(
        IProcessGroup group, int steps = Steps, int? badBatch = null, int? cancelAt = null, int? patience = null, Func<long, double>? score = null,
        CheckpointOptions? checkpoints = null, int? failAtBatch = null, long? evaluateEvery = 1, long reportEvery = 1,
        int? spoilAtBatch = null, int skip = 0, string? data = null)
    {
        var (patterns, hashes) = (new List<string>(), new List<string>());
        using var cancel = new CancellationTokenSource();
        using var trainer = new Trainer(Adapted, Options(group, steps, patience, evaluateEvery, checkpoints, reportEvery, data), Logger);
        var batches = 0;
        var result = trainer.Fit(
            Numbered().Skip(skip),
            batch =>
            {
                if (batches + 1 == spoilAtBatch)
                    Spoil();
                // An exception that nothing else throws.
                if (++batches == failAtBatch)
                    throw new InvalidTimeZoneException();
                return batch.Number == badBatch ? TinyTask.Loss(_model, batch.Batch).mul(float.NaN) : TinyTask.Loss(_model, batch.Batch);
            },
            () =>
            {
                var pattern = Adapted.ReadPattern();
                patterns.Add(string.Join(' ', pattern.Names.Select(name => $"{name}:{string.Concat(pattern[name].Select(kept => kept ? 'x' : '-'))}")));
                hashes.Add(Hash());
                if (hashes.Count == cancelAt)
                    cancel.Cancel();
                return score?.Invoke(hashes.Count) ?? 0;
            },
            progress: this,
            cancellation: cancel.Token);
        return new ReplicaRun(result, patterns, hashes);
    }

    public TrainingResult TrainSums(IProcessGroup group)
    {
        using var trainer = new Trainer(Adapted, Options(group, Steps, patience: null, evaluateEvery: null));
        return trainer.Fit(Numbered(), ((int Number, (Tensor Inputs, Tensor Labels) Batch) batch) => new LossSum(TinyTask.Loss(_model, batch.Batch).mul(batch.Number + 1), batch.Number + 1));
    }

    /// <summary>A loop of one's own with two batches to a step.</summary>
    public void Loop(IProcessGroup group)
    {
        const int ownSteps = 8, share = 2;
        Adapted.Begin(ownSteps);
        using var optimizer = new FusedAdamW(Adapted.TrainableParameters, 1e-2);
        _model.train();
        foreach (var step in TinyTask.Batches(ownSteps * share).Chunk(share))
        {
            using var scope = NewDisposeScope();
            for (var i = group.Rank; i < share; i += group.Size)
                TinyTask.Loss(_model, step[i]).div(share).backward();
            if (Adapted.BeforeOptimizerStep(1.0, group: group).ReadIsFinite())
                optimizer.step();
            Adapted.AfterOptimizerStep();
            optimizer.zero_grad();
        }
    }

    /// <summary>SHA-256 of everything that is trained.</summary>
    public string Hash()
    {
        using var scope = NewDisposeScope();
        return Convert.ToHexString(SHA256.HashData([.. Adapted.TrainableParameters.SelectMany(p => p.detach().contiguous().bytes.ToArray())]));
    }

    /// <summary>The relative 2-norm of the difference of everything that is trained.</summary>
    public double DifferenceTo(Replica other)
    {
        using var scope = NewDisposeScope();
        var (mine, others) = (All(Adapted.TrainableParameters), All(other.Adapted.TrainableParameters));
        return (mine.sub(others).norm() / others.norm()).item<double>();

        static Tensor All(IReadOnlyList<Parameter> parameters) => cat([.. parameters.Select(p => p.detach().flatten().to(ScalarType.Float64))]);
    }

    public void Report(TrainingProgress value) => Reports.Add(value);

    public void Dispose()
    {
        Adapted.Dispose();
        _model.Dispose();
    }

    // As something other than the training would.
    private void Spoil()
    {
        using var noGrad = no_grad();
        _ = Adapted.TrainableParameters[^1].uniform_(-0.1, 0.1);
    }

    private static TrainerOptions Options(
        IProcessGroup group, int steps, int? patience, long? evaluateEvery = 1, CheckpointOptions? checkpoints = null, long reportEvery = 1, string? data = null) => new()
        {
            TotalSteps = steps,
            LearningRate = 1e-2,
            GradientAccumulation = Accumulation,
            EvaluateEvery = evaluateEvery,
            ReportEvery = reportEvery,
            DataFingerprint = data,
            Patience = patience,
            BestBeforeFinal = true,
            Group = group,
            Checkpoints = checkpoints,
        };

    // Ends within a step, so that one step has batches of two epochs.
    private static IEnumerable<(int Number, (Tensor Inputs, Tensor Labels) Batch)> Numbered() => TinyTask.Batches(10).Select((batch, number) => (number, batch));
}
