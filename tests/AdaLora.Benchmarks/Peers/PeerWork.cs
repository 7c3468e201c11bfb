using AdaLora.Experiments.Methods;
using AdaLora.Glue.Tasks;

namespace AdaLora.Benchmarks;

/// <summary>One training that is given to several programs.</summary>
internal sealed record PeerWork
{
    public required GlueTask Task { get; init; }

    public required string Data { get; init; }

    /// <summary>The folder of the checkpoint.</summary>
    public required string Model { get; init; }

    /// <summary>adalora or lora, which all programs call so.</summary>
    public string Method { get; init; } = TrainingMethods.AdaLora.Name;

    public int Seed { get; init; } = 1;

    public int Batch { get; init; } = 32;

    /// <summary>Tokens per example: at most, or always where blocks of steps are measured.</summary>
    public int Length { get; init; } = 128;

    /// <summary>Dropout before the adapters.</summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>fp32 or bf16: what a program offers of it, autocast or a base of such weights.</summary>
    public string ElementType { get; init; } = ElementTypes.Single;

    public int Threads { get; init; } = 2;
}
