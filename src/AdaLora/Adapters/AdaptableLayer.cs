using AdaLora.Adapters.FrozenWeights;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// A layer that can carry an adapter, reduced to what all kinds of adapter need to know: a weight of out rows, each of which is multiplied by a piece of the input with in entries. The
/// members are read anew each time they are needed, because moving a module replaces its parameter objects.
/// </summary>
/// <param name="module">The layer.</param>
internal abstract class AdaptableLayer(nn.Module<Tensor, Tensor> module)
{
    public nn.Module<Tensor, Tensor> Module => module;

    /// <summary>The weight, in whatever layout the layer keeps it. Do not dispose it.</summary>
    public abstract Tensor Weight { get; }

    /// <summary>(out), or null. Do not dispose it.</summary>
    public abstract Tensor? Bias { get; }

    /// <summary>Rows of P.</summary>
    public abstract long OutFeatures { get; }

    /// <summary>Columns of Q.</summary>
    public abstract long InFeatures { get; }

    /// <summary>The sizes of the kernel that the columns of Q span; none for a linear layer. The number of columns is a multiple of their product.</summary>
    public virtual IReadOnlyList<long> Kernel => [];

    /// <summary>Whether the output features see different parts of the input.</summary>
    public virtual bool IsGrouped => false;

    /// <summary>Whether the weight is stored as (in, out).</summary>
    public virtual bool WeightIsTransposed => false;

    /// <summary>Whether the layer is included in targets that describe all layers or a region of the model. Others must be named.</summary>
    public virtual bool IsLinear => false;

    /// <summary>Why an adapter cannot be added to this layer, or null if it can.</summary>
    public abstract string? FindFault();

    /// <summary>A matrix (out, in) in the layout of the weight.</summary>
    public abstract Tensor InLayout(Tensor matrix);

    /// <summary>The weight as a matrix (out, in).</summary>
    public virtual Tensor Matrix => Weight.reshape(OutFeatures, InFeatures);

    /// <summary>The pieces of an input that the rows of the weight are multiplied by, (pieces, in).</summary>
    public virtual Tensor Rows(Tensor input) => input.reshape(-1, InFeatures);

    /// <summary>Whether the layer computes exactly what its description says, so that its weight can be stored in another precision.</summary>
    public virtual bool TakesPrecision => false;

    /// <summary>The weight as stored in a precision.</summary>
    public FrozenWeight Hold(BasePrecision precision) => TakesPrecision ? precision.Of(this) : new FrozenWeight(this);

    /// <summary>Creates the adapter around the layer.</summary>
    public abstract SvdAdapter Adapt(AdapterParts parts);
}
