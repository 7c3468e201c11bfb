using AdaLora.Bank;
using AdaLora.Internals;

namespace AdaLora;

/// <summary>What <see cref="AdaLoraModel.BeforeOptimizerStep"/> found in the gradients. Each reading waits for the device once; not reading costs nothing.</summary>
public readonly struct StepGradients
{
    private readonly GradientNorm _norm;

    internal StepGradients(GradientNorm norm) => _norm = norm;

    /// <summary>Whether every gradient is finite. Leave the optimiser step out when it is not; the allocator leaves it out by itself.</summary>
    public bool ReadIsFinite() => HostRead.Scalar<bool>(_norm.IsFinite);

    /// <summary>The joint 2-norm of all gradients, penalty included, before clipping.</summary>
    public double ReadNorm() => _norm.Read();
}
