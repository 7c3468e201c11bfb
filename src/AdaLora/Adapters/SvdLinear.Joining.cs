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

    // What it must have in common with others to be computed together with them.
    private (long OutFeatures, int Rank, double Rate) Form => (Layer.OutFeatures, Rank, Rate);

    private bool MayJoin(Tensor input)
    {
        if (!Contributes || IsBeside || !CanAddInPlace(input) || Layer.Bias is { requires_grad: true })
            return false;
        RequireInPlace();
        // Those that share a mask share the dropped input instead.
        return Rate == 0 || Activity.Sharing is null;
    }

    /// <summary>Computes those of some adapters that have the same form. Their next call with the input finds the output.</summary>
    internal static void Join(IEnumerable<SvdLinear> adapters, Tensor input)
    {
        foreach (var model in adapters.GroupBy(adapter => adapter.Activity))
        {
            // Ranks must not change between the decision and the computation.
            using var passage = model.Key.Gate.Read();
            foreach (var group in model.Where(adapter => adapter.MayJoin(input)).GroupBy(adapter => adapter.Form).Where(group => group.Count() > 1))
                Join([.. group], model.Key, input);
        }
    }

    private static void Join(IReadOnlyList<SvdLinear> adapters, AdapterActivity activity, Tensor input)
    {
        using var scope = NewDisposeScope();
        var shared = activity.Factors?.For(adapters, input.dtype);
        var factors = adapters.Select((adapter, i) => shared?[i] ?? adapter.OwnFactors(input.dtype)).ToList();
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
        _joint is { } joint && ReferenceEquals(joint.Input, input) && Interlocked.CompareExchange(ref _joint, null, joint) == joint && !joint.Output.IsInvalid ? joint.Output : null;

    private Factors OwnFactors(ScalarType dtype)
    {
        Activity.Factors?.NoteBypass();
        return new Factors(Left.t().mul(Lambda).Mul(Scale).In(dtype), Right.In(dtype));
    }
}
