using static TorchSharp.torch;

namespace AdaLora.Adapters.Dropout;

/// <summary>
/// One mask for all adapters that read the same tensor within a forward pass. In either pass, an adapter that follows immediately also finds the dropped input instead of recomputing it.
/// </summary>
/// <param name="rate">In (0, 1).</param>
/// <param name="latest">Where the dropped input is kept for the next adapter.</param>
internal sealed class SharedDropout(double rate, LatestDropped latest)
{
    private readonly Lazy<DropoutMask> _mask = new(() => DropoutMask.Draw(rate));

    /// <summary>The mask, for tensors that support it; drawn on first use.</summary>
    public DropoutMask Mask => _mask.Value;

    /// <summary>Whether a backward pass came through: the forward pass is over, and what follows belongs to another one.</summary>
    public bool IsOver { get; private set; }

    /// <summary>The dropped input, without a graph.</summary>
    /// <param name="rows">A tensor that supports the mask, with the same values for all callers.</param>
    /// <returns>The result; do not change it.</returns>
    public Tensor Drop(Tensor rows) => latest.Get(this, () => Mask.Apply(rows));

    /// <summary>The same, in the backward pass.</summary>
    /// <inheritdoc cref="Drop"/>
    public Tensor DropAgain(Tensor rows)
    {
        IsOver = true;
        return Drop(rows);
    }

    /// <summary>The dropped input as part of the graph. If libtorch draws the mask, all adapters must get the same tensor.</summary>
    /// <param name="input">Any shape, floating point; the same values for all callers.</param>
    /// <returns>The result; do not change it.</returns>
    public Tensor Apply(Tensor input) =>
        DropoutMask.IsUsedFor(input) ? FastDropout.Apply(input, Mask) : latest.Get(this, () => nn.functional.dropout(input, rate));
}
