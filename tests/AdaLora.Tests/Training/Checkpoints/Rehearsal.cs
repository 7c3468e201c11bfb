using System.Collections;
using AdaLora.Allocation;
using AdaLora.Tests.Models;
using AdaLora.Training;
using AdaLora.Training.Data;
using Microsoft.Extensions.Logging;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training.Checkpoints;

/// <summary>A short training run that can crash before any batch and be resumed, with its whole outcome as bytes.</summary>
internal sealed record Rehearsal
{
    public const int BatchesPerEpoch = 13;

    public required string Folder { get; init; }

    public long Every { get; init; } = 5;

    public int Accumulation { get; init; } = 2;

    public long Steps { get; init; } = 30;

    public long? EvaluateEvery { get; init; } = 4;

    public bool WithAdapters { get; init; } = true;

    public bool Compacts { get; init; } = true;

    public double LearningRate { get; init; } = 1e-2;

    /// <summary>Whether weights may be the best whose ranks are not final: then there are best weights from the first evaluation on, to be saved and resumed.</summary>
    public bool BestBeforeFinal { get; init; } = true;

    /// <summary>Losses as sums and counts.</summary>
    public bool WithSums { get; init; }

    public Func<TrainerOptions, TrainerOptions> Change { get; init; } = options => options;

    public Func<(Tensor Inputs, Tensor Labels), BatchSize>? Size { get; init; }

    public Func<nn.Module<Tensor, Tensor>> Model { get; init; } = () => new TinyModel();

    public AdaLoraOptions Adapters { get; init; } = new()
    {
        InitialRank = 4,
        TargetRank = 2,
        Alpha = 8,
        Seed = 1,
        Dropout = 0.2,
        TrainedModules = ["head"],
        MaskInterval = 2,
        InitialPhase = PhaseLength.Fraction(0.2),
        FinalPhase = PhaseLength.Fraction(0.4),
    };

    public Func<IReadOnlyList<Parameter>, double, optim.Optimizer>? Optimizer { get; init; }

    public Func<IEnumerable<(Tensor Inputs, Tensor Labels)>> Batches { get; init; } = () => new Counted();

    public int? SeedOfModel { get; init; }

    public Func<string, Stream>? CreateStream { get; init; }

    public ILogger? Logger { get; init; }

    public bool Saves { get; init; } = true;

    public int Keep { get; init; } = 2;

    /// <summary>One that saves after every batch and takes long enough to be killed many times.</summary>
    public static Rehearsal Long(string folder, long steps) => new() { Folder = folder, Every = 1, Steps = steps, EvaluateEvery = 10 };

    /// <summary>Trains to the end, or to the batch before which it crashes (counted from 1 over this process).</summary>
    public Trace Run(bool resume = false, int crashBefore = int.MaxValue)
    {
        using var model = Model();
        if (SeedOfModel is { } changed)
        {
            using var noGrad = no_grad();
            model.parameters().First().add_(changed);
        }

        using var adapted = WithAdapters ? AdaLoraModel.Attach(model, Adapters) : null;
        var options = Change(new TrainerOptions
        {
            TotalSteps = Steps,
            LearningRate = LearningRate,
            GradientAccumulation = Accumulation,
            EvaluateEvery = EvaluateEvery,
            BestBeforeFinal = BestBeforeFinal,
            ReportEvery = 3,
            Seed = 11,
            CompactWhenFinal = Compacts,
            OptimizerFactory = Optimizer,
            Checkpoints = Saves ? new CheckpointOptions { Folder = Folder, Every = Every, Keep = Keep, Resume = resume, CreateStream = CreateStream } : null,
        });
        using var trainer = adapted is null ? new Trainer(model, options, Logger) : new Trainer(adapted, options, Logger);
        var losses = new List<byte[]>();
        TrainingResult? result = null;
        try
        {
            Tensor Loss((Tensor Inputs, Tensor Labels) batch)
            {
                if (losses.Count + 1 == crashBefore)
                    throw new CrashException();
                var loss = TinyTask.Loss(model, batch);
                using var value = loss.detach().cpu();
                losses.Add(value.bytes.ToArray());
                return loss;
            }

            double Evaluate() => rand(1).item<float>();
            result = WithSums
                ? trainer.Fit(Batches(), batch => new LossSum(Loss(batch), batch.Labels.sum()), Evaluate, Size)
                : trainer.Fit(Batches(), Loss, Evaluate, Size);
        }
        catch (CrashException)
        {
        }

        var weights = BytesOf(model);
        var best = trainer.RestoreBest() ? BytesOf(model) : [];
        return new Trace(losses, weights, best, adapted?.LiveTriplets ?? 0, adapted?.IsCompacted ?? false, result);
    }

    private static byte[] BytesOf(nn.Module model) => [.. model.state_dict().OrderBy(p => p.Key, StringComparer.Ordinal).SelectMany(p => p.Value.detach().cpu().contiguous().bytes.ToArray())];

    internal sealed record Trace(IReadOnlyList<byte[]> Losses, byte[] Weights, byte[] Best, int LiveTriplets, bool IsCompacted, TrainingResult? Result);

    internal sealed class CrashException : Exception;

    /// <summary>Batches whose order depends on how often they were enumerated.</summary>
    internal sealed class Counted : IEnumerable<(Tensor Inputs, Tensor Labels)>
    {
        private int _epochs;

        public IEnumerator<(Tensor Inputs, Tensor Labels)> GetEnumerator() => TinyTask.Batches(BatchesPerEpoch, seed: 100 + _epochs++).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    /// <summary>Batches whose order torch's generator decides at the beginning of each epoch, and noise in each batch.</summary>
    internal sealed class Drawn : IEnumerable<(Tensor Inputs, Tensor Labels)>
    {
        public IEnumerator<(Tensor Inputs, Tensor Labels)> GetEnumerator()
        {
            var seed = (int)randint(0, 1000, 1).item<long>();
            foreach (var batch in TinyTask.Batches(BatchesPerEpoch, seed))
                yield return (batch.Inputs.add(rand(16, 8).mul(0.1)), batch.Labels);
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    /// <summary>Like <see cref="Counted"/>, but able to start anywhere; enumerating what was already seen would be an error.</summary>
    internal sealed class Seekable : IResumableBatches<(Tensor Inputs, Tensor Labels)>
    {
        private int _epochs;

        public List<(int Pass, long First)> Resumed { get; } = [];

        public IEnumerable<(Tensor Inputs, Tensor Labels)> Resume(int epoch, long first)
        {
            Resumed.Add((epoch, first));
            _epochs = epoch;
            return TinyTask.Batches(BatchesPerEpoch, seed: 100 + epoch - 1).Skip((int)first);
        }

        public IEnumerator<(Tensor Inputs, Tensor Labels)> GetEnumerator() => TinyTask.Batches(BatchesPerEpoch, seed: 100 + _epochs++).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
