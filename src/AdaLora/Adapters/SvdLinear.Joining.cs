using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <content>What is computed together with other layers that read the same tensor.</content>
public sealed partial class SvdLinear
{
    // What the next call finds, if it is made with the same input.
    private JointOutput? _joint;

    /// <summary>Whether an output was computed that the next call finds.</summary>
    internal bool IsPrepared => _joint is not null;

    /// <summary>What it must have in common with others to be computed together with them.</summary>
    internal JointForm JointForm => new(Activity, Layer.OutFeatures, Rank, Rate);

    /// <summary>Whether <see cref="JointLinears"/> can compute it.</summary>
    internal bool MayJoin(Tensor input)
    {
        if (!Contributes || IsBeside || !CanAddInPlace(input) || ProductPrecision.Of(input, Left.dtype) != input.dtype || Layer.Bias is { requires_grad: true })
            return false;
        RequireInPlace();
        // Those that share a mask share the dropped input instead.
        return Rate == 0 || Activity.Sharing is null;
    }

    /// <summary>Computes what the next calls of some adapters with an input find.</summary>
    /// <param name="adapters">Adapters of equal <see cref="JointForm"/>.</param>
    /// <param name="input">Their input.</param>
    internal static void Join(IReadOnlyList<SvdLinear> adapters, Tensor input)
    {
        var activity = adapters[0].Activity;
        using var passage = activity.Gate.Read();
        using var scope = NewDisposeScope();
        var factors = adapters.Select(adapter => adapter.FactorsIn(input.dtype)).ToList();
        var outputs = JointLinears.Apply(
            input,
            [.. adapters.Select(adapter => (adapter.Layer.Weight, adapter.Layer.Bias))],
            [.. factors.Select(own => own.Right)],
            [.. factors.Select(own => own.Left)],
            adapters[0].Rate,
            new AdapterSettings(1, null) { Failure = activity.Failure, Gate = activity.Gate });
        foreach (var (adapter, output) in adapters.Zip(outputs))
            adapter._joint = new JointOutput(input, output.MoveToOuterDisposeScope());
    }

    // It stays in the dispose scope in which it was computed.
    private protected override Tensor? Prepared(Tensor input) =>
        Interlocked.Exchange(ref _joint, null) is { } joint && ReferenceEquals(joint.Input, input) && !joint.Output.IsInvalid ? joint.Output : null;

    private Factors FactorsIn(ScalarType dtype)
    {
        if (Activity.Factors?.For(this, dtype) is { } shared)
            return shared;
        Activity.Factors?.NoteBypass();
        return new Factors(Left.t().mul(Lambda).Mul(Scale).In(dtype), Right.In(dtype));
    }
}
