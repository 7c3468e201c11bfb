using AdaLora.Adapters.Dropout;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>What one pass through an adapter is made with besides tensors.</summary>
/// <param name="Scale">Factor of the product.</param>
/// <param name="Mask">What is dropped in front of Q, or null for nothing.</param>
/// <param name="Shared">Where the dropped input is found that other adapters use too, or null when it is this one's alone. Its mask is <paramref name="Mask"/>.</param>
internal sealed record AdapterSettings(double Scale, DropoutMask? Mask, SharedDropout? Shared = null)
{
    /// <summary>What the backward pass goes through, or null where nobody can free what it reads.</summary>
    public UsageGate? Gate { get; init; }

    /// <summary>Where the backward pass leaves an exception.</summary>
    public BackwardFailure Failure { get; init; } = BackwardFailure.OfThread;

    /// <summary>The input with what is dropped set to 0.</summary>
    public Tensor Drop(Tensor rows) => Shared?.Drop(rows) ?? Alone(rows);

    /// <summary>The same in the backward pass.</summary>
    public Tensor DropAgain(Tensor rows) => Shared?.DropAgain(rows) ?? Alone(rows);

    /// <summary>low · (lambda · scale), column by column.</summary>
    /// <param name="low">(rows, rank).</param>
    /// <param name="lambda">rank entries, or null for all ones.</param>
    public Tensor Scaled(Tensor low, Tensor? lambda) => lambda is null ? low.Mul(Scale) : low.mul(lambda.view(-1).Mul(Scale));

    private Tensor Alone(Tensor rows) => Mask is { } mask ? mask.Apply(rows) : rows;
}
