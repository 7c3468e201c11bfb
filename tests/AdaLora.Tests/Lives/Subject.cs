using AdaLora.Allocation;
using AdaLora.Training;
using static TorchSharp.torch;

namespace AdaLora.Tests.Lives;

/// <summary>One adapter and what is expected of it.</summary>
internal sealed class Subject : IDisposable
{
    public Subject(AdaLoraModel adapted, int seed)
    {
        Adapted = adapted;
        Target = new AdaptedTarget(adapted);
        // An optimiser that was not named follows compaction only.
        var isNamed = Resizes || seed % 3 > 0;
        Optimizer = isNamed && seed % 4 < 2 ? new FusedAdamW(adapted.TrainableParameters, 1e-2) : optim.AdamW(adapted.TrainableParameters, 1e-2);
        if (isNamed)
            adapted.UseOptimizer(Optimizer);
        Is = (adapted.LiveTriplets, adapted.LiveTriplets, false, false);
    }

    public AdaLoraModel Adapted { get; }

    public AdaptedTarget Target { get; }

    public optim.Optimizer Optimizer { get; }

    public bool Resizes => Adapted.Options.Allocation != AllocationStrategy.PruneToBudget;

    public long Steps { get; set; }

    public (int Live, int Held, bool IsFinal, bool IsCompacted) Is { get; set; }

    public (int Live, int Held, bool IsFinal, bool IsCompacted) Now => (Adapted.LiveTriplets, Adapted.Adapters.Sum(a => a.Rank), Adapted.IsPatternFinal, Adapted.IsCompacted);

    public double[] Outputs { get; set; } = [];

    public (IWeightSnapshot Weights, (int Live, int Held, bool IsFinal, bool IsCompacted) Is, double[] Outputs)? Kept { get; set; }

    public bool IsWithinStep { get; set; }

    public void Dispose()
    {
        Kept?.Weights.Dispose();
        Optimizer.Dispose();
        Adapted.Dispose();
    }
}
