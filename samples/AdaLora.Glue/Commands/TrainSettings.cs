using AdaLora.Adapters.FrozenWeights;

namespace AdaLora.Glue;

/// <summary>All options of a training run. The defaults suit a small encoder and a small task; the command line takes those of the task instead where it has some.</summary>
internal sealed record TrainSettings
{
    public required GlueTask Task { get; init; }

    /// <summary>The GLUE folder or the task's own.</summary>
    public required string Data { get; init; }

    /// <summary>The folder of the pre-trained checkpoint, or its name on the hub.</summary>
    public required string Model { get; init; }

    public TrainingMethod Method { get; init; } = TrainingMethods.AdaLora;

    public int Seed { get; init; } = 1;

    public int Epochs { get; init; } = 5;

    public int BatchSize { get; init; } = 32;

    /// <summary>Tokens per example, special ones included; the rest is cut off.</summary>
    public int MaxLength { get; init; } = 128;

    /// <summary>The highest learning rate; null for the method's default.</summary>
    public double? LearningRate { get; init; }

    public StepCount Warmup { get; init; } = new(0.06);

    public double WeightDecay { get; init; } = 0.01;

    /// <summary>The largest gradient norm; 0 for no limit.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>The dropout in front of the adapters.</summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>Whether adapters that read the same input drop the same entries of it.</summary>
    public bool ShareDropout { get; init; }

    public BasePrecision BasePrecision { get; init; } = BasePrecision.AsLoaded;

    public int InitialRank { get; init; } = 12;

    /// <summary>The mean final rank.</summary>
    public int TargetRank { get; init; } = 8;

    public double Alpha { get; init; } = 32;

    /// <summary>The weight of the orthogonality penalty.</summary>
    public double Gamma { get; init; } = 0.1;

    /// <summary>The steps before pruning begins.</summary>
    public StepCount InitialPhase { get; init; } = new(0.1);

    /// <summary>The steps after pruning ends.</summary>
    public StepCount FinalPhase { get; init; } = new(0.5);

    /// <summary>The steps between two prunings.</summary>
    public int DeltaT { get; init; } = 10;

    /// <summary>The inner width of bottleneck adapters.</summary>
    public int Bottleneck { get; init; } = 32;

    /// <summary>The length of prompts and prefixes.</summary>
    public int VirtualTokens { get; init; } = 20;

    /// <summary>The matrices to adapt, by the ends of their names; empty for all linear layers.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>The layers to adapt; empty for all.</summary>
    public IReadOnlyList<int> Layers { get; init; } = [];

    /// <summary>The optimiser steps at most; null for as many as the epochs take.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>Uses the first examples of each split only; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>Whether batches are made of texts of about equal length.</summary>
    public bool GroupByLength { get; init; }

    /// <summary>The steps between two evaluations; null for one per epoch.</summary>
    public int? EvalEvery { get; init; }

    /// <summary>Where to compute: one of the names that <see cref="Devices.TorchDevices"/> knows.</summary>
    public string Device { get; init; } = Devices.TorchDevices.Automatic;

    /// <summary>The processor threads; null for libtorch's choice.</summary>
    public int? Threads { get; init; }

    /// <summary>The steps between two checkpoints; 0 for none.</summary>
    public int CheckpointEvery { get; init; } = 500;

    /// <summary>Whether to go on from the newest checkpoint in the output folder, if there is one.</summary>
    public bool Resume { get; init; }

    /// <summary>The folder for the run's files; null for runs/task-method-seed.</summary>
    public string? Output { get; init; }

    /// <summary>The folder for event files of TensorBoard; null for none.</summary>
    public string? TensorBoard { get; init; }

    public string MethodName => Method.Name;

    public double EffectiveLearningRate => LearningRate ?? Method.LearningRate;

    public string CheckpointFolder => Path.Combine(OutputFolder, "checkpoints");

    public string OutputFolder => Output ?? Path.Combine("runs", $"{Task.Name}-{MethodName}-{Seed}");
}
