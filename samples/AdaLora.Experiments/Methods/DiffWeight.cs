using AdaLora.Internals;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Methods;

/// <summary>
/// A weight tensor of a model with its change (Guo et al., 2021): every entry has a value and a gate, a hard concrete variable (Louizos et al., 2018), and the weight is what it was plus
/// gate times value. The sum stands in the model's own parameter, so that whatever layer it is part of computes with it, and the gradient that arrives there is passed on from here.
/// </summary>
internal sealed class DiffWeight : IDisposable
{
    /// <summary>Gates are drawn from (-1.5, 2.5) squeezed into [0, 1], so that they are 0 or 1 more often than not; as the authors have it, both ends are as far away.</summary>
    private const double Low = -1.5;
    private const double Width = 3;

    /// <summary>Almost all gates are open at first.</summary>
    private const double FirstGate = 5;

    private readonly Parameter _target;
    private readonly Tensor _origin;

    /// <param name="name">The name of the parameter.</param>
    /// <param name="target">The parameter, which is changed in place.</param>
    public DiffWeight(string name, Parameter target)
    {
        (Name, _target) = (name, target);
        using var scope = NewDisposeScope();
        _origin = target.detach().clone().DetachFromDisposeScope();
        Value = new Parameter(zeros(target.shape, device: target.device));
        Gate = new Parameter(zeros(target.shape, device: target.device).FillInPlace(FirstGate));
        Sample = zeros(target.shape, device: target.device).DetachFromDisposeScope();
        Value.DetachFromDisposeScope();
        Gate.DetachFromDisposeScope();
    }

    public string Name { get; }

    public Parameter Value { get; }

    /// <summary>Where a gate stands before noise is added; once the pattern is fixed, 1 for entries that may change and 0 for the others.</summary>
    public Parameter Gate { get; }

    /// <summary>The latest draw, before it is stretched.</summary>
    public Tensor Sample { get; }

    public long Count => _target.numel();

    /// <summary>What the model's parameter has become, minus what it was.</summary>
    public Tensor Delta() => Wide(_target.detach()).Add(Wide(_origin).neg());

    /// <summary>The change with gates that are not drawn.</summary>
    public Tensor ExpectedDelta() => Stretched(Gate.sigmoid()).mul(Value).detach();

    /// <summary>Draws new gates and puts the sum into the model.</summary>
    public void Draw()
    {
        using var scope = NewDisposeScope();
        var noise = rand_like(Value);
        Sample.copy_(noise.log().Add(noise.neg().log1p().neg()).Add(Gate).sigmoid());
        Put(Stretched(Sample));
    }

    /// <summary>Puts the sum into the model, with the entries that may change.</summary>
    public void PutFixed() => Put(Gate);

    /// <summary>Turns the gradient of the model's parameter into those of values and gates.</summary>
    /// <param name="penalty">How much every gate that is probably open adds to the loss.</param>
    public void Differentiate(double penalty)
    {
        using var scope = NewDisposeScope();
        if (TakeGradient() is not { } gradient)
            return;
        var gate = Stretched(Sample);
        // A gate that is 0 or 1 does not move with its noise.
        var slope = Sample.mul(Complement(Sample)).Mul(Width).mul(gate.Ne(0)).mul(gate.Ne(1));
        var open = Gate.sigmoid();
        Value.grad = gradient.mul(gate).DetachFromDisposeScope();
        Gate.grad = gradient.mul(Value).mul(slope).Add(open.mul(Complement(open)).Mul(penalty)).DetachFromDisposeScope();
    }

    /// <summary>The same once the pattern is fixed.</summary>
    public void DifferentiateFixed()
    {
        using var scope = NewDisposeScope();
        Gate.grad = null;
        if (TakeGradient() is { } gradient)
            Value.grad = gradient.mul(Gate).DetachFromDisposeScope();
    }

    /// <summary>From now on, only these entries change.</summary>
    /// <param name="delta">The change so far.</param>
    /// <param name="kept">1 for entries that may change, 0 for the others, whose weights become what they were.</param>
    public void Fix(Tensor delta, Tensor kept)
    {
        Value.copy_(delta.mul(kept));
        Gate.copy_(kept);
    }

    public void Dispose() => _origin.Dispose();

    private static Tensor Wide(Tensor values) => values.to(ScalarType.Float32);

    private static Tensor Complement(Tensor values) => values.neg().Add(1.0);

    private static Tensor Stretched(Tensor sample) => sample.Mul(Width).Add(Low).ClampMin(0).ClampMaxInPlace(1);

    private void Put(Tensor gate)
    {
        using var scope = NewDisposeScope();
        _target.copy_(Wide(_origin).Add(gate.mul(Value)));
    }

    // The optimiser must not move the parameter itself.
    private Tensor? TakeGradient()
    {
        var gradient = _target.grad;
        if (gradient is null)
            return null;
        _target.grad = null;
        return Wide(gradient);
    }
}
