using AdaLora.Injection;
using AdaLora.Internals;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Methods;

/// <summary>A frozen layer followed by a bottleneck adapter: y = h + up(relu(down(h))), h = base(x). It starts as the layer itself, because up starts at zero.</summary>
internal sealed class BottleneckLinear : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "base_layer")]
    private readonly nn.Module<Tensor, Tensor> _base;

    [ComponentName(Name = "adapter_down")]
    private readonly TorchSharp.Modules.Linear _down;

    [ComponentName(Name = "adapter_up")]
    private readonly TorchSharp.Modules.Linear _up;

    public BottleneckLinear(InjectionSite site, int width)
        : base(nameof(BottleneckLinear))
    {
        _base = site.Layer;
        var (size, device) = (site.Projection.OutFeatures, site.Projection.Weight.device);
        _down = nn.Linear(size, width, device: device);
        _up = nn.Linear(width, size, device: device);
        using (no_grad())
        {
            _ = _up.weight.zero_();
            _ = _up.bias!.zero_();
        }

        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var hidden = _base.call(input);
        // Trained in single precision next to a base in half precision.
        var added = _up.call(_down.call(hidden.to(_down.weight.dtype)).relu());
        return hidden.Add(added.to(hidden.dtype)).MoveToOuterDisposeScope();
    }
}
