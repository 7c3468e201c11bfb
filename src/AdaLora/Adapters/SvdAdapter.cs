using AdaLora.Adapters.Dropout;
using AdaLora.Adapters.FrozenWeights;
using AdaLora.Bank;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// A frozen layer with an AdaLoRA adapter of any kind: the layer's output plus scale · P diag(lambda) Q applied to its input, where P has a row for each output feature and Q a column for
/// each input entry that contributes to it. State names and shapes match PEFT's: lora_A = Q (rank, in), lora_E = lambda (rank, 1), lora_B = P (out, rank), base_layer.* = the base layer.
/// </summary>
/// <remarks>
/// The triplets live in memory shared by all adapters of a model; this module holds views of them. The kinds are
/// <see cref="SvdLinear"/>, <see cref="SvdConv1d"/>, <see cref="SvdConv2d"/>, <see cref="SvdConv3d"/>, <see cref="SvdEmbedding"/> and <see cref="SvdWeight"/>.
/// </remarks>
public abstract partial class SvdAdapter : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "base_layer")]
    private readonly nn.Module<Tensor, Tensor> _base;

    [ComponentName(Name = "lora_A")]
    private readonly Parameter _right;

    [ComponentName(Name = "lora_E")]
    private readonly Parameter _lambda;

    [ComponentName(Name = "lora_B")]
    private readonly Parameter _left;

    private readonly AdaptableLayer _layer;
    private readonly FrozenWeight _frozen;
    private readonly MergeableWeight _weight;
    private readonly AdapterActivity _activity;
    private TripletSlot _slot;
    private readonly double _dropout;
    private readonly ScalarType _dtype;

    private protected SvdAdapter(string name, AdaptableLayer layer, AdapterParts parts)
        : base(name)
    {
        _base = layer.Module;
        _layer = layer;
        _frozen = layer.Hold(parts.Precision);
        _weight = new MergeableWeight(layer, _frozen);
        _activity = parts.Activity;
        _slot = parts.Slot;
        _dropout = parts.Dropout;
        Scale = parts.Scale;
        using (NewDisposeScope())
        {
            _dtype = layer.Stored.dtype;
            _right = ViewOf(parts.Bank.Values.Right(_slot));
            _lambda = ViewOf(parts.Bank.Values.Lambda(_slot));
            _left = ViewOf(parts.Bank.Values.Left(_slot));
        }

        RegisterComponents();
    }

    /// <summary>The layer under the adapter, not owned by it. Disposing the model after detaching disposes the layer; so does disposing this module alone.</summary>
    public nn.Module<Tensor, Tensor> BaseLayer => _base;

    /// <summary>Number of triplets held: the initial rank, or the live rank after compaction.</summary>
    public int Rank => _slot.Rank;

    /// <summary>Factor of the adapter's product: alpha / (initial rank + 1e-5), or alpha / sqrt(initial rank) if it is rank-stabilised; constant over the adapter's
    /// lifetime.</summary>
    public double Scale { get; }

    /// <summary>Whether the weight of the base layer contains the adapter's product, so that only the base layer is computed.</summary>
    public bool IsMerged => _weight.IsMerged;

    /// <summary>Whether the layer is in its own place in the model and gets the product from a hook or has it in its weight, rather than being called by this module.</summary>
    internal bool IsBeside { get; set; }

    private protected double Dropout => _dropout;

    /// <summary>Whether the adapter took part in a forward pass in training mode.</summary>
    internal bool HasTrained { get; private set; }

    /// <summary>Whether all triplets get gradients.</summary>
    internal bool IsTrained => _right.requires_grad && _lambda.requires_grad && _left.requires_grad;

    /// <summary>Whether the module was disposed, along with the model it is part of.</summary>
    internal bool IsDisposed => _right.IsInvalid || _layer.IsDisposed;

    internal TripletSlot Slot => _slot;

    internal IReadOnlyList<(Parameter View, Func<Tensor, Tensor> Of)> Views =>
        [(_right, flat => flat.Right(_slot)), (_lambda, flat => flat.Lambda(_slot)), (_left, flat => flat.Left(_slot))];

    private protected AdaptableLayer Layer => _layer;

    /// <summary>The layer's weight in the form it is computed with.</summary>
    internal FrozenWeight Frozen => _frozen;

    private protected AdapterActivity Activity => _activity;

    /// <summary>P, (out, rank).</summary>
    private protected Tensor Left => _left;

    /// <summary>(rank, 1).</summary>
    private protected Tensor Lambda => _lambda;

    /// <summary>Q, (rank, in).</summary>
    private protected Tensor Right => _right;

    /// <summary>Applies the layer.</summary>
    /// <param name="input">The base layer's input: (..., in) for a linear layer, (batch, channels, height, width) or one image for a convolution.</param>
    /// <returns>The output, with the shape and dtype of the base layer's.</returns>
    /// <exception cref="InvalidOperationException">The adapter is merged, and the call is part of a training step; or the model was moved after it was adapted.</exception>
    public sealed override Tensor forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        // The layer itself adds the product, by its hook or its weight.
        if (IsBeside)
            return _base.call(input);
        using var passage = _activity.Gate.Read();
        if (!TakesPart())
            return IsMerged ? Merged(input) : Plain(input);
        if (Prepared(input) is { } output)
            return output;
        using var scope = NewDisposeScope();
        return Adapted(input, training ? _dropout : 0).MoveToOuterDisposeScope();
    }

    /// <summary>The output of a layer that has been computed, with the product.</summary>
    internal Tensor AddTo(Tensor output, Tensor input)
    {
        using var passage = _activity.Gate.Read();
        if (!TakesPart())
            return output;
        using var scope = NewDisposeScope();
        return Added(output, input, training ? _dropout : 0).MoveToOuterDisposeScope();
    }

    /// <summary>Whether layer and product are computed together in less time than one after the other, for this input.</summary>
    internal virtual bool ComputesWhole(Tensor input) => false;

    /// <summary>The layer with its product, without a call of the layer.</summary>
    internal Tensor ComputeWhole(Tensor input)
    {
        using var passage = _activity.Gate.Read();
        if (!TakesPart())
            return _base.forward(input);
        using var scope = NewDisposeScope();
        return Adapted(input, training ? _dropout : 0).MoveToOuterDisposeScope();
    }

    /// <summary>Whether the adapter adds anything to what its layer computes by itself.</summary>
    internal bool Contributes => Rank > 0 && _activity.Enabled && !IsMerged;

    // Notes that the adapter runs, and says whether it has something to add.
    private bool TakesPart()
    {
        if (IsMerged)
        {
            return training && is_grad_enabled()
                ? throw new InvalidOperationException($"'{_slot.Name}' is merged and cannot be trained. Call AdaLoraModel.Unmerge() first, or model.eval() to compute outputs only.")
                : false;
        }

        if (training)
            NoteTraining();
        if (!Contributes)
            return false;
        RequireInPlace();
        return true;
    }

    private void NoteTraining()
    {
        if (HasTrained)
            return;
        HasTrained = true;
        _activity.StartedTraining?.Invoke();
    }

    /// <inheritdoc/>
    public override void train(bool on = true)
    {
        if (training && !on)
        {
            _activity.EndPass();
            _activity.LeavingTraining?.Invoke();
        }

        base.train(on);
    }

    /// <summary>alpha / (rank + 1e-5), where an alpha of 0 stands for the rank itself: the scale used by the published code.</summary>
    internal static double ScaleFor(double alpha, int rank) => (alpha > 0 ? alpha : rank) / (rank + 1e-5);

    /// <summary>alpha / sqrt(rank), where an alpha of 0 stands for the rank itself.</summary>
    internal static double StabilizedScaleFor(double alpha, int rank) => rank == 0 ? 0 : (alpha > 0 ? alpha : rank) / Math.Sqrt(rank);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _weight.Dispose();
            _frozen.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>The layer with its adapter, if it has already been computed for an input.</summary>
    private protected virtual Tensor? Prepared(Tensor input) => null;

    /// <summary>The layer with its adapter.</summary>
    /// <param name="input">As in <see cref="forward"/>.</param>
    /// <param name="dropout">Rate in front of Q.</param>
    private protected virtual Tensor Adapted(Tensor input, double dropout) => Added(_base.call(input), input, dropout);

    /// <summary>The layer with its adapter, given what the layer computes by itself.</summary>
    /// <param name="output">The layer's output.</param>
    /// <param name="input">As in <see cref="forward"/>.</param>
    /// <param name="dropout">Rate in front of Q.</param>
    private protected abstract Tensor Added(Tensor output, Tensor input, double dropout);

    /// <summary>The layer without its adapter.</summary>
    private protected virtual Tensor Plain(Tensor input) => _base.call(input);

    /// <summary>The layer when its weight contains the adapter's product.</summary>
    private protected virtual Tensor Merged(Tensor input) => _base.call(input);

    /// <summary>The input in the given element type, with dropped entries set to 0, as part of the graph.</summary>
    private protected Tensor Drop(Tensor input, ScalarType dtype, double dropout)
    {
        var shared = dropout > 0 ? _activity.Sharing?.For(this, input, dropout) : null;
        var converted = input.In(dtype);
        return dropout > 0 ? shared?.Apply(converted) ?? FastDropout.Apply(converted, dropout) : converted;
    }

    private static Parameter ViewOf(Tensor view)
    {
        var parameter = new Parameter(view.detach());
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
