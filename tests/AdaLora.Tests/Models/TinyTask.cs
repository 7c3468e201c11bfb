using AdaLora.Allocation;
using AdaLora.Targeting;
using static TorchSharp.torch;

namespace AdaLora.Tests.Models;

/// <summary>A classification task that <see cref="TinyModel"/> can learn, with everything around it that most tests need.</summary>
internal static class TinyTask
{
    public static AdaLoraOptions Options => new()
    {
        InitialRank = 4,
        TargetRank = 2,
        Alpha = 8,
        Seed = 1,
        Targets = TargetModules.AllLinear,
        TrainedModules = ["head"],
        MaskInterval = 1,
        InitialPhase = PhaseLength.Fraction(0.2),
        FinalPhase = PhaseLength.Fraction(0.3),
    };

    /// <summary>Batches of 16 inputs with labels that depend on them; the same for the same seed.</summary>
    public static IEnumerable<(Tensor Inputs, Tensor Labels)> Batches(int count, int seed = 3, ScalarType dtype = ScalarType.Float32)
    {
        var random = new Random(seed);
        for (var i = 0; i < count; i++)
        {
            // Cloned, because a tensor made from a managed array may share its memory, at any address: matrix kernels round differently for differently aligned operands.
            var inputs = tensor([.. Enumerable.Range(0, 16 * 8).Select(_ => (float)((random.NextDouble() * 2) - 1))]).view(16, 8).to(dtype).clone();
            var labels = (inputs.narrow(1, 0, 3) + inputs.narrow(1, 3, 3).square()).argmax(1);
            yield return (inputs, labels);
        }
    }

    public static Tensor Loss(nn.Module<Tensor, Tensor> model, (Tensor Inputs, Tensor Labels) batch)
    {
        using var scope = NewDisposeScope();
        return nn.functional.cross_entropy(model.call(batch.Inputs).to(ScalarType.Float32), batch.Labels).MoveToOuterDisposeScope();
    }

    /// <summary>One step of a custom loop. In some tests, the callbacks are wrong on purpose.</summary>
    public static void Step(AdaLoraModel adapted, nn.Module<Tensor, Tensor> model, optim.Optimizer optimizer, (Tensor Inputs, Tensor Labels) batch, Action? afterBackward = null)
    {
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        Loss(model, batch).backward();
        afterBackward?.Invoke();
        if (adapted.BeforeOptimizerStep(1.0).ReadIsFinite())
            optimizer.step();
        adapted.AfterOptimizerStep();
    }
}
