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
    private Tensor? _original;

    public nn.Module<Tensor, Tensor> Module => module;

    /// <summary>The weight without any product, in whatever layout the layer keeps it: the layer's own or, while that holds the product, the copy of what it was. Do not dispose it.</summary>
    public Tensor Weight => _original ?? Stored;

    /// <summary>The layer's own tensor. Do not dispose it.</summary>
    public abstract Tensor Stored { get; }

    /// <summary>Whether <see cref="Stored"/> holds the adapter's product, so that <see cref="Weight"/> is a copy.</summary>
    public bool IsMaterialized => _original is not null;

    /// <summary>Whether the layer was disposed, along with the model it is part of.</summary>
    public virtual bool IsDisposed => Stored.IsInvalid;

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

    /// <summary>Whether the input selects rows of the weight, so that PEFT's LoRA has names of its own for the factors.</summary>
    public virtual bool IsTable => false;

    /// <summary>Whether the adapter can be written as plain LoRA.</summary>
    public virtual bool HasPlainLora => true;

    /// <summary>Whether the weight is stored as (in, out).</summary>
    public virtual bool WeightIsTransposed => false;

    /// <summary>Whether the layer is included in targets that describe all layers or a region of the model. Others must be named.</summary>
    public virtual bool IsLinear => false;

    /// <summary>Whether the layer declares nothing, but was found to be a linear map by running it on random input.</summary>
    public virtual bool IsProbed { get; init; }

    /// <summary>Why a product can be added to what the layer computes, but neither to its weight nor by another layer in its place, as the rest of a sentence; null if all are possible.</summary>
    public virtual string? OnlyHooked => null;

    /// <summary>Why an adapter cannot be added to this layer, or null if it can.</summary>
    public abstract string? FindFault();

    /// <summary>A matrix (out, in) in the layout of the weight.</summary>
    public abstract Tensor InLayout(Tensor matrix);

    /// <summary>Whether the layer is a module that the model calls, so that its inputs can be watched.</summary>
    public virtual bool IsCalled => true;

    /// <summary>The pieces of an input that the rows of the weight are multiplied by, (pieces, in).</summary>
    public virtual Tensor Rows(Tensor input) => input.reshape(-1, InFeatures);

    /// <summary>A tensor in the layout of the weight as a matrix (out, in).</summary>
    public abstract Tensor AsMatrix(Tensor weight);

    /// <summary>Copies the weight, so that <see cref="Stored"/> can hold the product from now on.</summary>
    public void KeepOriginal()
    {
        using var noGrad = no_grad();
        _original ??= Stored.detach().clone().DetachFromDisposeScope();
    }

    /// <summary>Gives <see cref="Stored"/> the values that <see cref="Weight"/> has, and forgets the copy. A disposed layer takes nothing back.</summary>
    public void GiveBackOriginal()
    {
        if (_original is not { } original)
            return;
        _original = null;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        if (!IsDisposed)
            _ = Stored.copy_(original);
        original.Dispose();
    }

    /// <summary>Whether the layer computes exactly what its description says, so that its weight can be stored in another precision.</summary>
    public virtual bool TakesPrecision => false;

    /// <summary>The weight as stored in a precision.</summary>
    public FrozenWeight Hold(BasePrecision precision) => TakesPrecision ? precision.Of(this) : new FrozenWeight(this);

    /// <summary>Creates the adapter around the layer.</summary>
    public abstract SvdAdapter Adapt(AdapterParts parts);
}
