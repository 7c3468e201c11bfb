using AdaLora.Bank;
using AdaLora.Internals;

namespace AdaLora;

/// <summary>What <see cref="AdaLoraModel.BeforeOptimizerStep"/> found in the gradients. Each read waits for the device once; not reading costs nothing.</summary>
public readonly struct StepGradients
{
    private readonly GradientNorm _norm;

    internal StepGradients(GradientNorm norm) => _norm = norm;

    /// <summary>Whether every gradient is finite. If not, skip the optimiser step; the allocator skips the step by itself.</summary>
    public bool ReadIsFinite() => HostRead.Scalar<bool>(_norm.IsFinite);

    /// <summary>The joint 2-norm of all gradients, including the penalty's, before clipping.</summary>
    public double ReadNorm() => _norm.Read();
}
