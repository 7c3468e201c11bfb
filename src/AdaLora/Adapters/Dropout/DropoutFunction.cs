using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters.Dropout;

/// <summary>Dropout whose backward pass recomputes the mask: nothing is kept between the passes.</summary>
internal sealed class DropoutFunction : autograd.SingleTensorFunction<DropoutFunction>
{
    private const string MaskKey = "mask";

    public override string Name => nameof(DropoutFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var mask = (DropoutMask)vars[1];
        ctx.save_data(MaskKey, mask);
        BackwardPass.Prepare(ctx, vars, BackwardFailure.OfThread);
        return mask.Apply((Tensor)vars[0]);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) =>
        BackwardPass.Run(ctx, grad_output, (gradient, _) => [((DropoutMask)ctx.get_data(MaskKey)).Apply(gradient), null]);
}
