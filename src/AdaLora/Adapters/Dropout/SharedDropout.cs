using static TorchSharp.torch;

namespace AdaLora.Adapters.Dropout;

/// <summary>One mask for all who read the same tensor within a forward pass. Who follows at once, in either pass, also finds the dropped input instead of making it again.</summary>
/// <param name="rate">In (0, 1).</param>
/// <param name="latest">Where the dropped input is kept for the next.</param>
internal sealed class SharedDropout(double rate, LatestDropped latest)
{
    private readonly Lazy<DropoutMask> _mask = new(() => DropoutMask.Draw(rate));

    /// <summary>The mask, for tensors that it suits; drawn when it is first asked for.</summary>
    public DropoutMask Mask => _mask.Value;

    /// <summary>Whether a backward pass came through: the forward pass is over, and what follows belongs to another.</summary>
    public bool IsOver { get; private set; }

    /// <summary>The dropped input, without a graph.</summary>
    /// <param name="rows">A tensor that the mask suits; the same values for all who ask.</param>
    /// <returns>Not to be changed.</returns>
    public Tensor Drop(Tensor rows) => latest.Get(this, () => Mask.Apply(rows));

    /// <summary>The same in the backward pass.</summary>
    /// <inheritdoc cref="Drop"/>
    public Tensor DropAgain(Tensor rows)
    {
        IsOver = true;
        return Drop(rows);
    }

    /// <summary>The dropped input as part of the graph. Where libtorch draws the mask, all have to get the same tensor.</summary>
    /// <param name="input">Any shape, floating point; the same values for all who ask.</param>
    /// <returns>Not to be changed.</returns>
    public Tensor Apply(Tensor input) =>
        DropoutMask.IsUsedFor(input) ? FastDropout.Apply(input, Mask) : latest.Get(this, () => nn.functional.dropout(input, rate));
}
