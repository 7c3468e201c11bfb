using AdaLora.Adapters;
using AdaLora.Adapters.Dropout;
using AdaLora.Injection;
using AdaLora.Internals;
using AdaLora.Internals.Cpu;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Methods;

/// <summary>A frozen layer with a plain LoRA adapter (Hu et al., 2021): y = base(x) + scale dropout(x) A' B', the method that AdaLoRA is compared with.</summary>
internal sealed class LoraLinear : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "base_layer")]
    private readonly nn.Module<Tensor, Tensor> _base;

    [ComponentName(Name = "lora_A")]
    private readonly Parameter _down;

    [ComponentName(Name = "lora_B")]
    private readonly Parameter _up;

    [ComponentName(Name = "doublets")]
    private readonly DoubletState? _doublets;

    private readonly IProjection _projection;
    private readonly double _dropout;
    private readonly double _scale;

    /// <param name="site">The layer.</param>
    /// <param name="rank">Rows of A.</param>
    /// <param name="scale">Scale of the product.</param>
    /// <param name="dropout">Dropout rate before A.</param>
    /// <param name="canBePruned">Whether the importance of single doublets, a column of B and a row of A, is tracked.</param>
    public LoraLinear(InjectionSite site, int rank, double scale, double dropout, bool canBePruned)
        : base(nameof(LoraLinear))
    {
        _base = site.Layer;
        _projection = site.Projection;
        _dropout = dropout;
        _scale = scale;
        var device = site.Projection.Weight.device;
        using (NewDisposeScope())
        {
            // A as torch initialises a linear layer, B zero: the adapted model starts as the base model.
            var down = nn.init.kaiming_uniform_(empty(rank, site.Projection.InFeatures, device: device), Math.Sqrt(5));
            _down = new Parameter(down.clone());
            _up = new Parameter(zeros(site.Projection.OutFeatures, rank, device: device));
            _down.DetachFromDisposeScope();
            _up.DetachFromDisposeScope();
        }

        _doublets = canBePruned ? new DoubletState(_down, _up) : null;
        RegisterComponents();
    }

    /// <summary>What pruning knows about this adapter, or null if it is not pruned.</summary>
    public DoubletState? Doublets => _doublets;

    /// <summary>B, (out, rank).</summary>
    public Parameter Up => _up;

    /// <summary>Parameters of one doublet: a row of A and a column of B.</summary>
    public long DoubletSize => _down.shape[1] + _up.shape[0];

    /// <summary>Doublets that are not zero. Waits for the device.</summary>
    public int ReadLiveRank()
    {
        using var scope = NewDisposeScope();
        return (int)_down.Ne(0).any(1).sum().item<long>();
    }

    /// <summary>Adds the product to the weight of the base layer.</summary>
    public void Merge()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var product = _up.mm(_down).Mul(_scale);
        _projection.Weight.AddInPlace(_projection.WeightIsTransposed ? product.t() : product);
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var rate = training ? _dropout : 0;
        // In one node of the graph, as AdaLoRA's layers are computed.
        if (_base is Linear && HostMemory.IsPlaceOf(input))
            return AdaptedLinear.Apply(input, _projection.Weight, _projection.Bias, _up, null, _down, _scale, rate).MoveToOuterDisposeScope();
        var precision = ProductPrecision.Of(input, _down.dtype);
        var dropped = FastDropout.Apply(input.In(precision), rate);
        var low = nn.functional.linear(dropped, _down.In(precision)).Mul(_scale);
        return LowRankProduct.AddTo(_base.call(input), low, _up.In(precision).t()).MoveToOuterDisposeScope();
    }
}
