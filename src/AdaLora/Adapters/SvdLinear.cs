using AdaLora.Adapters.Dropout;
using AdaLora.Adapters.FrozenWeights;
using AdaLora.Bank;
using AdaLora.Internals;
using AdaLora.Internals.Cpu;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// A frozen linear layer with an AdaLoRA adapter: y = base(x) + scale · dropout(x) Q' diag(lambda) P'. The triplets live in a <see cref="TripletBank"/>; this module holds views of them.
/// State names and shapes are those of PEFT: lora_A = Q (rank, in), lora_E = lambda (rank, 1), lora_B = P (out, rank), base_layer.* = the base layer.
/// </summary>
public sealed class SvdLinear : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "base_layer")]
    private readonly nn.Module<Tensor, Tensor> _base;

    [ComponentName(Name = "lora_A")]
    private readonly Parameter _right;

    [ComponentName(Name = "lora_E")]
    private readonly Parameter _lambda;

    [ComponentName(Name = "lora_B")]
    private readonly Parameter _left;

    private readonly IProjection _projection;
    private readonly MergeableWeight _weight;
    private readonly AdapterActivity _activity;
    private readonly ComputedWeight? _computed;
    private TripletSlot _slot;
    private readonly double _dropout;
    private readonly ScalarType _dtype;

    internal SvdLinear(nn.Module<Tensor, Tensor> baseLayer, IProjection projection, TripletBank bank, TripletSlot slot, double scale, double dropout, AdapterActivity activity,
        BasePrecision precision = BasePrecision.AsLoaded)
        : base(nameof(SvdLinear))
    {
        _base = baseLayer;
        _projection = projection;
        _weight = new MergeableWeight(projection);
        _activity = activity;
        _computed = baseLayer is Linear ? new ComputedWeight(projection, precision) : null;
        _slot = slot;
        _dropout = dropout;
        _dtype = projection.Weight.dtype;
        Scale = scale;
        using (NewDisposeScope())
        {
            _right = ViewOf(bank.Values.Right(slot));
            _lambda = ViewOf(bank.Values.Lambda(slot));
            _left = ViewOf(bank.Values.Left(slot));
        }

        RegisterComponents();
    }

    /// <summary>The layer under the adapter. It is not owned: disposing the model after detaching disposes it, disposing this module alone does too.</summary>
    public nn.Module<Tensor, Tensor> BaseLayer => _base;

    /// <summary>Number of triplets held: the initial rank, or the live rank after compaction.</summary>
    public int Rank => _slot.Rank;

    /// <summary>Factor of the adapter's product: alpha / (initial rank + 1e-5), constant for the adapter's life.</summary>
    public double Scale { get; }

    /// <summary>Whether the weight of the base layer contains the adapter's product, so that only the base layer is computed.</summary>
    public bool IsMerged => _weight.IsMerged;

    /// <summary>Whether the adapter took part in a forward pass in training mode.</summary>
    internal bool HasTrained { get; private set; }

    /// <summary>Whether the module was disposed, with the model that it is a part of.</summary>
    internal bool IsDisposed => _right.IsInvalid;

    internal TripletSlot Slot => _slot;

    internal IReadOnlyList<(Parameter View, Func<Tensor, Tensor> Of)> Views =>
        [(_right, flat => flat.Right(_slot)), (_lambda, flat => flat.Lambda(_slot)), (_left, flat => flat.Left(_slot))];

    /// <summary>Applies the layer.</summary>
    /// <param name="input">(..., in) with any leading dimensions.</param>
    /// <returns>(..., out) in the dtype that the base layer gives.</returns>
    /// <exception cref="InvalidOperationException">The adapter is merged, and the call is part of a training step.</exception>
    public override Tensor forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var passage = _activity.Gate.Read();
        if (IsMerged)
            return ForwardMerged(input);
        if (training && !HasTrained)
        {
            HasTrained = true;
            _activity.StartedTraining?.Invoke();
        }

        if (Rank == 0 || !_activity.Enabled)
            return _base.call(input);

        RequireInPlace();
        var dropout = training ? _dropout : 0;
        using var scope = NewDisposeScope();
        return (CanFuse(input, dropout) ? Fused(input, dropout) : Composed(input, dropout)).MoveToOuterDisposeScope();
    }

    /// <summary>scale · P diag(lambda) Q in the layout and dtype of the base weight: what merging would add to it.</summary>
    /// <returns>A new tensor of the shape of the base weight, without gradient.</returns>
    public Tensor DeltaWeight()
    {
        using var scope = NewDisposeScope();
        return Product().to(_projection.Weight.dtype).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override void train(bool on = true)
    {
        if (training && !on)
        {
            _activity.Sharing?.Forget();
            _activity.LeavingTraining?.Invoke();
        }

        base.train(on);
    }

    /// <summary>Adds to the steps of a change that the parameters are views of where the triplets are then. They stay the same objects.</summary>
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
        _computed?.Forget();
    }

    /// <summary>Leaves the merged weight to the base layer for good.</summary>
    internal void ForgetOriginal() => _weight.Forget();

    /// <summary>alpha / (rank + 1e-5), where an alpha of 0 stands for the rank itself: the scale of the published code.</summary>
    internal static double ScaleFor(double alpha, int rank) => (alpha > 0 ? alpha : rank) / (rank + 1e-5);

    /// <inheritdoc/>
    public override Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
    {
        // Whoever asks for the live tensors, as load_state_dict does, may write into them.
        _computed?.Forget();
        return base.state_dict(destination!, prefix!);
    }

    // The triplets stay behind in the bank. Throwing here would leave the model moved by half; the next use of the adapter says what to do.
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
            _computed?.Dispose();
        }

        base.Dispose(disposing);
    }

    private static Parameter ViewOf(Tensor view)
    {
        var parameter = new Parameter(view.detach());
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    private Tensor ForwardMerged(Tensor input)
    {
        if (training && is_grad_enabled())
            throw new InvalidOperationException($"'{_slot.Name}' is merged and cannot be trained. Call AdaLoraModel.Unmerge() first, or model.eval() to compute outputs only.");
        var weight = _projection.Weight;
        // A layer of one's own may compute more than its description says, and errors are told best by the layer itself.
        if (_base is not Linear || is_grad_enabled() || input.dtype != weight.dtype || input.dim() == 0 || input.shape[^1] != weight.shape[1])
            return _base.call(input);
        using var scope = NewDisposeScope();
        return RowProducts.Linear(input.reshape(-1, weight.shape[1]), weight, _projection.Bias).view([.. input.shape[..^1], weight.shape[0]]).detach().MoveToOuterDisposeScope();
    }

    // In the layout of the base weight, in the dtype of the triplets.
    private Tensor Product()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var product = _left.mul(_lambda.view(1, Rank).Mul(Scale)).mm(_right);
        return (_projection.WeightIsTransposed ? product.t() : product).contiguous().MoveToOuterDisposeScope();
    }

    // A layer of one's own may compute more than its description says, and a weight that is trained needs its gradient. On devices a node in C# costs more than the operations that it saves: the device waits for its next
    // kernel while the pass goes into .NET and back.
    private bool CanFuse(Tensor input, double dropout) =>
        HostMemory.IsPlaceOf(input) && _computed is not null && !_projection.Weight.requires_grad && (dropout == 0 || DropoutMask.Suits(input)) && input.dtype == _projection.Weight.dtype;

    private Tensor Fused(Tensor input, double dropout) =>
        AdaptedLinear.Apply(input, _computed!.Value, _projection.Bias, _left, _lambda, _right, Settings(input, dropout));

    private AdapterSettings Settings(Tensor input, double dropout)
    {
        if (dropout == 0)
            return new AdapterSettings(Scale, null) { Failure = _activity.Failure, Gate = _activity.Gate };
        if (_activity.Sharing?.For(this, input, dropout) is not { } shared)
            return new AdapterSettings(Scale, DropoutMask.Draw(dropout)) { Failure = _activity.Failure, Gate = _activity.Gate };
        // Only the graph notices when an input is changed in place between two adapters; without it the dropped input is not shared, but made of what the input holds now.
        return new AdapterSettings(Scale, shared.Mask, is_grad_enabled() ? shared : null) { Failure = _activity.Failure, Gate = _activity.Gate };
    }

    private Tensor Composed(Tensor input, double dropout)
    {
        var output = BaseOutput(input);
        var shared = dropout > 0 ? _activity.Sharing?.For(this, input, dropout) : null;
        var precision = ProductPrecision.Of(input, _left.dtype);
        var low = input.In(precision);
        if (dropout > 0)
            low = shared?.Apply(low) ?? FastDropout.Apply(low, dropout);
        low = nn.functional.linear(low, _right.In(precision)).mul(_lambda.view(Rank).Mul(Scale).In(precision));
        return LowRankProduct.AddTo(output, low, _left.In(precision));
    }

    private Tensor BaseOutput(Tensor input)
    {
        if (_computed is not { IsCopy: true } || _projection.Weight.requires_grad)
            return _base.call(input);
        var weight = _computed.Value;
        return nn.functional.linear(input.to(weight.dtype), weight, _projection.Bias?.to(weight.dtype)).to(input.dtype);
    }

    /// <summary>Throws when the base layer is not where and what it was when it was adapted: better an error here than adapters that silently stop learning.</summary>
    internal void RequireInPlace()
    {
        var weight = _projection.Weight;
        if (weight.device_type == _left.device_type && weight.device_index == _left.device_index && weight.dtype == _dtype)
            return;
        throw new InvalidOperationException(
            $"The model was moved to {weight.device} {weight.dtype} after it was adapted, but '{_slot.Name}' carries an AdaLoRA adapter on {_left.device} for {_dtype} whose triplets live in a shared bank and cannot move. "
            + "Call model.to(...) before AdaLoraModel.Attach: save the adapters or detach them, move the model, and adapt it again or load them.");
    }
}
