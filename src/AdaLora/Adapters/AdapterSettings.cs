using AdaLora.Adapters.Dropout;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>Settings of one pass through an adapter, besides tensors.</summary>
/// <param name="Scale">Factor of the product.</param>
/// <param name="Mask">What is dropped in front of Q, or null for nothing.</param>
/// <param name="Shared">Where to find the dropped input that other adapters also use, or null if it belongs to this one alone. Its mask is <paramref name="Mask"/>.</param>
internal sealed record AdapterSettings(double Scale, DropoutMask? Mask, SharedDropout? Shared = null)
{
    /// <summary>The gate the backward pass goes through, or null if nothing can free what it reads.</summary>
    public UsageGate? Gate { get; init; }

    /// <summary>Where the backward pass stores an exception.</summary>
    public BackwardFailure Failure { get; init; } = BackwardFailure.OfThread;

    /// <summary>The input with dropped entries set to 0.</summary>
    public Tensor Drop(Tensor rows) => Shared?.Drop(rows) ?? Alone(rows);

    /// <summary>The same, in the backward pass.</summary>
    public Tensor DropAgain(Tensor rows) => Shared?.DropAgain(rows) ?? Alone(rows);

    /// <summary>low · (lambda · scale), column by column.</summary>
    /// <param name="low">(rows, rank).</param>
    /// <param name="lambda">rank entries, or null for all ones.</param>
    public Tensor Scaled(Tensor low, Tensor? lambda) => lambda is null ? low.Mul(Scale) : low.mul(lambda.view(-1).Mul(Scale));

    private Tensor Alone(Tensor rows) => Mask is { } mask ? mask.Apply(rows) : rows;
}
