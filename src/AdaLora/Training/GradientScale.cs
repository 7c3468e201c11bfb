using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>Multiplies gradients by a number known only to the device.</summary>
internal static class GradientScale
{
    public static void Apply(IEnumerable<Parameter> parameters, Tensor scale)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var gradient in parameters.Select(p => p.grad).OfType<Tensor>())
            gradient.mul_(scale.to(gradient.dtype, gradient.device));
    }
}
