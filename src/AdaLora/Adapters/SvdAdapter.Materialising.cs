using AdaLora.Internals;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <content>A weight that holds the product while it is trained.</content>
public abstract partial class SvdAdapter
{
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

    private static void Accumulate(Parameter parameter, Tensor gradient)
    {
        if (!parameter.requires_grad)
            return;
        if (parameter.grad is { } sum)
            sum.AddInPlace(gradient);
        else
            parameter.grad = gradient;
    }
}
