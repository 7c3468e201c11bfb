using AdaLora.Adapters;
using static TorchSharp.torch;

namespace AdaLora.HostileTarget;

/// <summary>The adapted layer as one graph node: each of its tensors, and what can go wrong between its forward and its backward pass.</summary>
internal static class Layers
{
    public static IEnumerable<(string Name, Action<Tensor> Call)> Entries =>
    [
        ("AdaptedLinear.Apply, input", bad => Backward(AdaptedLinear.Apply(bad, Weight(), Bias(), Left(), Lambda(), Right(), 1))),
        ("AdaptedLinear.Apply, input that learns", bad => Backward(AdaptedLinear.Apply(Learning(bad), Weight(), Bias(), Left(), Lambda(), Right(), 1))),
        ("AdaptedLinear.Apply, input with dropout", bad => Backward(AdaptedLinear.Apply(bad, Weight(), Bias(), Left(), Lambda(), Right(), 1, 0.5))),
        ("AdaptedLinear.Apply, weight", bad => Backward(AdaptedLinear.Apply(Input(), bad, Bias(), Left(), Lambda(), Right(), 1))),
        ("AdaptedLinear.Apply, bias", bad => Backward(AdaptedLinear.Apply(Input(), Weight(), bad, Left(), Lambda(), Right(), 1))),
        ("AdaptedLinear.Apply, left", bad => Backward(AdaptedLinear.Apply(Input(), Weight(), Bias(), bad, Lambda(), Right(), 1))),
        ("AdaptedLinear.Apply, lambda", bad => Backward(AdaptedLinear.Apply(Input(), Weight(), Bias(), Left(), bad, Right(), 1))),
        ("AdaptedLinear.Apply, right", bad => Backward(AdaptedLinear.Apply(Input(), Weight(), Bias(), Left(), Lambda(), bad, 1))),
        ("AdaptedLinear.Apply, left and right", bad => Backward(AdaptedLinear.Apply(Input(), Weight(), Bias(), bad?.t()!, null, bad!, 1))),
        ("AdaptedLinear.Apply, without a graph", bad => { using var off = no_grad(); AdaptedLinear.Apply(bad, Weight(), Bias(), Left(), Lambda(), Right(), 1); }),
        ("the gradient of an adapted layer", bad => Backward(AdaptedLinear.Apply(Input(), Weight(), Bias(), Left(), Lambda(), Right(), 1), bad)),
        ("the gradient of an adapted layer with dropout", bad => Backward(AdaptedLinear.Apply(Learning(Input()), Weight(), Bias(), Left(), Lambda(), Right(), 1, 0.5), bad)),
        ("the gradient of an adapted layer in bfloat16", bad => Backward(AdaptedLinear.Apply(Input(), Weight().to(ScalarType.BFloat16), Bias(), Left(), Lambda(), Right(), 1), bad)),
        ("a product after an adapted layer", bad => Backward(AdaptedLinear.Apply(Learning(Input()), Weight(), Bias(), Left(), Lambda(), Right(), 1).mul(bad ?? ones([])))),
        .. Tensors.Select(Overwritten),
        .. Tensors.Select(Disposed),
        ("a backward pass twice", _ => { var output = AdaptedLinear.Apply(Input(), Weight(), Bias(), Left(), Lambda(), Right(), 1).sum(); output.backward(); output.backward(); }),
        ("the gradient of a gradient", _ => { var input = Learning(Input()); Backward(AdaptedLinear.Apply(input, Weight(), Bias(), Left(), Lambda(), Right(), 1)); input.grad?.sum().backward(); }),
    ];

    private static IEnumerable<string> Tensors => ["input", "weight", "bias", "left", "lambda", "right"];

    // The tensor has new values, or the shape and memory of another, when the backward pass reads it.
    private static (string Name, Action<Tensor> Call) Overwritten(string which) => ($"AdaptedLinear.Apply, {which} overwritten before the backward pass", bad =>
        Between(which, tensor => { using var off = no_grad(); _ = tensor.add_(1); _ = tensor.detach().set_(bad ?? ones([])); }));

    private static (string Name, Action<Tensor> Call) Disposed(string which) => ($"AdaptedLinear.Apply, {which} disposed before the backward pass", _ => Between(which, tensor => tensor.Dispose()));

    private static void Between(string which, Action<Tensor> change)
    {
        Tensor[] all = [Learning(Input()), Weight(), Bias(), Left(), Lambda(), Right()];
        var output = AdaptedLinear.Apply(all[0], all[1], all[2], all[3], all[4], all[5], 1);
        change(all[Tensors.ToList().IndexOf(which)]);
        Backward(output);
    }

    // A failure inside a backward pass is reported by the next forward pass.
    private static void Backward(Tensor output, Tensor? gradient = null)
    {
        if (output.requires_grad)
            output.backward([gradient ?? ones_like(output)]);
        AdaptedLinear.Apply(Input(), Weight(), Bias(), Left(), Lambda(), Right(), 1);
    }

    private static Tensor Learning(Tensor tensor) => tensor?.detach().requires_grad_()!;

    private static Tensor Input() => ones(2, 8);

    private static Tensor Weight() => ones(8, 8);

    private static Tensor Bias() => ones(8);

    private static Tensor Left() => ones([8, 2], requires_grad: true);

    private static Tensor Lambda() => ones([2, 1], requires_grad: true);

    private static Tensor Right() => ones([2, 8], requires_grad: true);
}
