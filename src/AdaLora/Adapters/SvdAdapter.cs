using AdaLora.Adapters.Dropout;
using AdaLora.Adapters.FrozenWeights;
using AdaLora.Bank;
using AdaLora.Internals;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// A frozen layer with an AdaLoRA adapter of any kind: the layer's output plus scale · P diag(lambda) Q applied to its input, where P has a row for each output feature and Q a column for
/// each input entry that contributes to it. State names and shapes match PEFT's: lora_A = Q (rank, in), lora_E = lambda (rank, 1), lora_B = P (out, rank), base_layer.* = the base layer.
/// </summary>
/// <remarks>The triplets live in memory shared by all adapters of a model; this module holds views of them. The kinds are <see cref="SvdLinear"/> and <see cref="SvdConv2d"/>.</remarks>
public abstract class SvdAdapter : nn.Module<Tensor, Tensor>
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

    /// <summary>Factor of the adapter's product: alpha / (initial rank + 1e-5), constant over the adapter's lifetime.</summary>
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

    /// <summary>
    /// Adds the gradients of P, lambda and Q that follow from that of the weight which holds the product:
    /// dP = s dW Q' diag(lambda), dlambda_i = s p_i' dW q_i, dQ = s diag(lambda) P' dW.
    /// </summary>
    /// <param name="gradient">dW, (out, in).</param>
    internal void TakeGradient(Tensor gradient)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        NoteTraining();
        if (Rank == 0)
            return;
        var dense = gradient.to(_left.dtype);
        var (right, left) = (dense.mm(_right.t()), _left.t().mm(dense));
        Accumulate(_lambda, _left.mul(right).sum([0]).Mul(Scale).view(Rank, 1));
        Accumulate(_left, right.mul(_lambda.view(1, Rank).Mul(Scale)));
        Accumulate(_right, left.mul(_lambda.Mul(Scale)));
    }

    /// <summary>The base weight with the product, in the layout and element type of the weight.</summary>
    internal Tensor WithProduct()
    {
        using var scope = NewDisposeScope();
        return _weight.With(Product()).MoveToOuterDisposeScope();
    }

    /// <summary>scale · P diag(lambda) Q in the base weight's layout and dtype: what merging would add to it.</summary>
    /// <returns>A new tensor with the shape of the base weight, without a gradient.</returns>
    public Tensor DeltaWeight()
    {
        using var scope = NewDisposeScope();
        return Product().to(_layer.Weight.dtype).MoveToOuterDisposeScope();
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

    /// <summary>Adds steps to a change that point the parameters to wherever the triplets are afterwards. The parameter objects stay the same.</summary>
    internal void Follow(BankChange change, Transition steps)
    {
        var (former, next) = (_slot, change.Layout[_slot.Name]);
        steps.Exchange(_right, change.Values.Right(next));
        steps.Exchange(_lambda, change.Values.Lambda(next));
        steps.Exchange(_left, change.Values.Left(next));
        steps.Add(() => _slot = next, () => _slot = former);
    }

    /// <summary>Whether merging would leave every entry of the weight finite, a boolean scalar on the device.</summary>
    internal Tensor StaysFinite()
    {
        using var scope = NewDisposeScope();
        return _weight.With(Product()).isfinite().all().MoveToOuterDisposeScope();
    }

    internal void Merge(bool keepOriginal)
    {
        using var scope = NewDisposeScope();
        _weight.Merge(Product(), keepOriginal);
    }

    internal void Unmerge()
    {
        using var scope = NewDisposeScope();
        _weight.Unmerge(Product());
    }

    /// <summary>Takes the weight out of the layer if the precision requires it.</summary>
    internal void TakeOverWeight() => _frozen.TakeOver();

    /// <summary>Leaves the layer with its own weight, whatever the precision.</summary>
    internal void GiveBackWeight() => _frozen.GiveBack();

    /// <summary>Leaves the merged weight in the base layer permanently.</summary>
    internal void ForgetOriginal() => _weight.Forget();

    /// <summary>alpha / (rank + 1e-5), where an alpha of 0 stands for the rank itself: the scale used by the published code.</summary>
    internal static double ScaleFor(double alpha, int rank) => (alpha > 0 ? alpha : rank) / (rank + 1e-5);

    /// <inheritdoc/>
    public override Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
    {
        // A caller that asks for the live tensors, as load_state_dict does, may write to them.
        _frozen.Forget();
        _activity.Factors?.Forget();
        return base.state_dict(destination!, prefix!);
    }

    // The triplets stay behind in the bank. Throwing here would leave the model half moved; the next use of the adapter says what to do.
    /// <inheritdoc/>
    protected override nn.Module _to(Device device, ScalarType dtype, bool non_blocking)
    {
        _base.to(device, dtype, non_blocking: non_blocking);
        return this;
    }

    /// <inheritdoc/>
    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking)
    {
        _base.to(deviceType, deviceIndex, non_blocking: non_blocking);
        return this;
    }

    /// <inheritdoc/>
    protected override nn.Module _to(ScalarType dtype, bool non_blocking)
    {
        _base.to(dtype, non_blocking: non_blocking);
        return this;
    }

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

    /// <summary>Throws if the base layer is no longer where or what it was when it was adapted: better an error here than adapters that silently stop learning.</summary>
    internal void RequireInPlace()
    {
        var weight = _layer.Stored;
        if (weight.device_type == _left.device_type && weight.device_index == _left.device_index && weight.dtype == _dtype)
            return;
        throw new InvalidOperationException(
            $"The model was moved to {weight.device} {weight.dtype} after it was adapted, but '{_slot.Name}' carries an AdaLoRA adapter on {_left.device} for {_dtype} whose triplets live in a shared bank and cannot move. "
            + "Call model.to(...) before AdaLoraModel.Attach: save the adapters or detach them, move the model, and adapt it again or load them.");
    }

    private static void Accumulate(Parameter parameter, Tensor gradient)
    {
        if (!parameter.requires_grad)
            return;
        if (parameter.grad is { } sum)
            sum.AddInPlace(gradient);
        else
            parameter.grad = gradient;
    }

    private static Parameter ViewOf(Tensor view)
    {
        var parameter = new Parameter(view.detach());
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    // In the layout of the base weight, in the dtype of the triplets.
    private Tensor Product()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var product = _left.mul(_lambda.view(1, Rank).Mul(Scale)).mm(_right);
        return _layer.InLayout(product).contiguous().MoveToOuterDisposeScope();
    }
}
