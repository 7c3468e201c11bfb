using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>
/// The parts of all triplets as parameters of their own, for optimisers that know learning rates of parameter groups only. They share memory with the parameter that holds everything: give an
/// optimiser either that one or all of these. Each stays the same object for life, and changes in size where triplets are dropped or added.
/// </summary>
public sealed class TripletParameters : IBankFollower
{
    private readonly TripletBank _bank;
    private readonly Parameter[] _all;

    internal TripletParameters(TripletBank bank)
    {
        _bank = bank;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        LayoutPart[] parts = [.. bank.Layout.Parts];
        _all = [.. parts.Select(part => new Parameter(Of(bank.Values, part).detach()))];
        foreach (var parameter in _all)
            parameter.DetachFromDisposeScope();
        P = Those(TripletPart.P);
        Q = Those(TripletPart.Q);
        Lambda = Those(TripletPart.Lambda)[0];
        Bind();

        IReadOnlyList<Parameter> Those(TripletPart kind) => [.. _all.Zip(parts).Where(p => p.Second.Kind == kind).Select(p => p.First)];
    }

    /// <summary>P of all matrices: one flat parameter for each pair of sizes.</summary>
    public IReadOnlyList<Parameter> P { get; }

    /// <summary>Q of all matrices: one flat parameter for each pair of sizes.</summary>
    public IReadOnlyList<Parameter> Q { get; }

    /// <summary>All lambdas, one for each triplet.</summary>
    public Parameter Lambda { get; }

    /// <summary>All of them, in the order of <see cref="BankLayout.Parts"/>.</summary>
    internal IReadOnlyList<Parameter> All => _all;

    /// <summary>Makes the matching views of the bank's gradients theirs, where they have none.</summary>
    internal void Bind()
    {
        using var scope = NewDisposeScope();
        foreach (var (parameter, part) in _all.Zip(_bank.Layout.Parts))
        {
            if (parameter.grad is null)
                parameter.grad = Of(_bank.Gradients, part);
        }
    }

    void IBankFollower.Follow(BankChange change, Transition steps)
    {
        foreach (var ((parameter, former), next) in _all.Zip(change.Former.Parts).Zip(change.Layout.Parts))
        {
            // A gradient must match its parameter in size, even in intermediate states.
            steps.Add(() => parameter.grad = null, () => Give(parameter, former));
            steps.Exchange(parameter, Of(change.Values, next));
            steps.Add(() => Give(parameter, next), () => parameter.grad = null);
        }

        void Give(Parameter parameter, LayoutPart part)
        {
            using var scope = NewDisposeScope();
            parameter.grad = Of(_bank.Gradients, part);
        }
    }

    internal void Free()
    {
        foreach (var parameter in _all)
            parameter.Dispose();
    }

    private static Tensor Of(Tensor flat, LayoutPart part) => flat.narrow(0, part.Start, part.Length);
}
