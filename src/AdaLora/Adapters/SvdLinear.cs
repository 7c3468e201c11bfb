using AdaLora.Adapters.Dropout;
using AdaLora.Adapters.FrozenWeights;
using AdaLora.Internals;
using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>A frozen linear layer with an AdaLoRA adapter: y = base(x) + scale · dropout(x) Q' diag(lambda) P'.</summary>
/// <inheritdoc cref="SvdAdapter"/>
public sealed partial class SvdLinear : SvdAdapter
{
    private readonly bool _isLinear;

    internal SvdLinear(LinearLayer layer, AdapterParts parts)
        : base(nameof(SvdLinear), layer, parts) => _isLinear = layer.TakesPrecision;

    private protected override Tensor Adapted(Tensor input, double dropout) =>
        CanFuse(input, dropout) ? Fused(input, dropout) : CanAddInPlace(input) ? AddedInPlace(input, dropout) : Added(BaseOutput(input), input, dropout);

    private protected override Tensor Merged(Tensor input)
    {
        var weight = Layer.Weight;
        // A custom layer may compute more than its description says, and the layer itself reports errors best.
        if (!_isLinear || is_grad_enabled() || input.dtype != weight.dtype || input.dim() == 0 || input.shape[^1] != weight.shape[1])
            return BaseLayer.call(input);
        if (RowProducts.AreFew(input, weight, Layer.Bias))
            return RowProducts.OfFew(input, weight, Layer.Bias);
        using var scope = NewDisposeScope();
        return RowProducts.Linear(input.reshape(-1, weight.shape[1]), weight, Layer.Bias).view([.. input.shape[..^1], weight.shape[0]]).detach().MoveToOuterDisposeScope();
    }

    private protected override Tensor Plain(Tensor input) => Frozen.IsTakenOver ? BaseOutput(input) : BaseLayer.call(input);

    // A custom layer may compute more than its description says, and a weight that is trained needs its gradient. On devices, a node in C# costs more than the operations it saves: the
    // device waits for its next kernel while the pass enters .NET and returns.
    private bool CanFuse(Tensor input, double dropout) =>
        HostMemory.IsPlaceOf(input) && _isLinear && !Layer.Weight.requires_grad && (dropout == 0 || DropoutMask.Suits(input)) && input.dtype == Layer.Weight.dtype;

    private Tensor Fused(Tensor input, double dropout)
    {
        Activity.Factors?.NoteBypass();
        return AdaptedLinear.Apply(input, Frozen.Form, Layer.Bias, Left, Lambda, Right, Settings(input, dropout));
    }

    private AdapterSettings Settings(Tensor input, double dropout)
    {
        if (dropout == 0)
            return new AdapterSettings(Scale, null) { Failure = Activity.Failure, Gate = Activity.Gate };
        if (Activity.Sharing?.For(this, input, dropout) is not { } shared)
            return new AdapterSettings(Scale, DropoutMask.Draw(dropout)) { Failure = Activity.Failure, Gate = Activity.Gate };
        // Only the graph detects when an input is changed in place between two adapters; without a graph the dropped input is not shared, but computed from the input's current values.
        return new AdapterSettings(Scale, shared.Mask, is_grad_enabled() ? shared : null) { Failure = Activity.Failure, Gate = Activity.Gate };
    }

    internal override bool ComputesWhole(Tensor input) =>
        input is { IsInvalid: false } && input.dim() > 1 && input.size((int)input.dim() - 1) == Layer.InFeatures && Contributes && CanFuse(input, Rate);

    private protected override Tensor Added(Tensor output, Tensor input, double dropout)
    {
        var (low, left) = Product(input, dropout);
        return LowRankProduct.AddTo(output, low, left);
    }

    // On a device, where a node of libtorch's costs less. The layer's output belongs to nobody else: as on a CPU, the layer is not called.
    private bool CanAddInPlace(Tensor input) =>
        !HostMemory.IsPlaceOf(input) && _isLinear && !Frozen.IsTakenOver && !Frozen.IsCopy && !Layer.Weight.requires_grad && input.dtype == Layer.Weight.dtype
        && ProductPrecision.Of(input, Left.dtype) == input.dtype && input.dim() > 1 && input.size((int)input.dim() - 1) == Layer.InFeatures && input.is_contiguous();

    private Tensor AddedInPlace(Tensor input, double dropout)
    {
        var output = nn.functional.linear(input.dim() == 2 ? input : input.view(-1, Layer.InFeatures), Layer.Weight, Layer.Bias);
        var (low, left) = Product(input, dropout);
        _ = output.addmm_(low.dim() == 2 ? low : low.view(-1, Rank), left, 1, 1);
        return input.dim() == 2 ? output : output.view([.. input.shape[..^1], Layer.OutFeatures]);
    }

    /// <summary>The two factors of the product: dropout(x) Q', (..., rank), and what it is multiplied with, (rank, out).</summary>
    private (Tensor Low, Tensor Left) Product(Tensor input, double dropout)
    {
        var precision = ProductPrecision.Of(input, Left.dtype);
        var dropped = Drop(input, precision, dropout);
        if (Activity.Factors?.For(this, precision) is var (left, right))
            return (nn.functional.linear(dropped, right), left);
        Activity.Factors?.NoteBypass();
        return (nn.functional.linear(dropped, Right.In(precision)).mul(Lambda.view(Rank).Mul(Scale).In(precision)), Left.In(precision).t());
    }

    private double Rate => training ? Dropout : 0;

    private Tensor BaseOutput(Tensor input)
    {
        if (Frozen.IsTakenOver)
            return FrozenLinear.Apply(input, Frozen.Form, Layer.Bias, Activity.Failure, Activity.Gate);
        if (!Frozen.IsCopy || Layer.Weight.requires_grad)
            return BaseLayer.call(input);
        var weight = Frozen.Form.Dense();
        return nn.functional.linear(input.to(weight.dtype), weight, Layer.Bias?.to(weight.dtype)).to(input.dtype);
    }
}
