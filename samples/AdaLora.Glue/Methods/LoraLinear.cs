using AdaLora.Adapters;
using AdaLora.Randomness;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace AdaLora.Glue;

/// <summary>A frozen layer with a plain LoRA adapter (Hu et al., 2021): y = base(x) + (alpha / rank) dropout(x) A' B', the rival that AdaLoRA is measured against.</summary>
internal sealed class LoraLinear : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "base_layer")]
    private readonly nn.Module<Tensor, Tensor> _base;

    [ComponentName(Name = "lora_A")]
    private readonly Parameter _down;

    [ComponentName(Name = "lora_B")]
    private readonly Parameter _up;

    private readonly double _dropout;
    private readonly double _scale;

    public LoraLinear(InjectionSite site, int rank, double alpha, double dropout)
        : base(nameof(LoraLinear))
    {
        _base = site.Layer;
        _dropout = dropout;
        _scale = alpha / rank;
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

        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var dropped = training && _dropout > 0 ? FastDropout.Apply(input, _dropout) : input;
        var low = nn.functional.linear(dropped, _down).mul(_scale);
        return _base.call(input).add(nn.functional.linear(low, _up)).MoveToOuterDisposeScope();
    }
}
