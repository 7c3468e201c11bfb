using AdaLora.Internals;
using AdaLora.Internals.Cpu;
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

    /// <summary>Lets the layer's own tensor hold the base weight with the product.</summary>
    internal void WriteProduct()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var (stored, right) = (_layer.Stored, _right.detach());
        var matrix = _layer.AsMatrix(stored);
        if (stored.dtype != _left.dtype || !MemoryRange.IsShared(matrix, stored))
        {
            _ = stored.copy_(_weight.With(Product()));
            return;
        }

        // In one pass over the weight, and without another tensor of its size.
        _ = stored.copy_(_layer.Weight);
        _ = matrix.addmm_(_left.mul(_lambda.view(1, Rank).Mul(Scale)), right);
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
