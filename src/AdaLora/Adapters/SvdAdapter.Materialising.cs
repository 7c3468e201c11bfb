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
        if (HostMemory.Holds(gradient) && TripletsAreHeld && IsTrained)
        {
            Tensor[] soFar = [GradientOrZeros(_left).t(), GradientOrZeros(_lambda), GradientOrZeros(_right)];
            if (soFar.All(HostMemory.Holds))
            {
                LowRankKernel.Project(HostMemory.Of(gradient), Spans(_left.t(), _lambda, _right), (float)Scale, Spans(soFar[0], soFar[1], soFar[2]), get_num_threads());
                return;
            }
        }

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
        var stored = _layer.Stored;
        var matrix = _layer.AsMatrix(stored);
        if (Rank > 0 && HostMemory.Holds(stored) && HostMemory.IsSame(matrix, stored) && HostMemory.Holds(_layer.Weight) && TripletsAreHeld)
        {
            LowRankKernel.Write(HostMemory.Of(_layer.Weight), Spans(_left.t(), _lambda, _right), (float)Scale, HostMemory.Of(stored), get_num_threads());
            // Counts as a change for a backward pass that still needs the former values.
            _ = stored.view(-1).narrow(0, 0, 0).zero_();
            return;
        }

        if (stored.dtype != _left.dtype || !MemoryRange.IsShared(matrix, stored))
        {
            _ = stored.copy_(_weight.With(Product()));
            return;
        }

        // Without another tensor of the weight's size.
        _ = stored.copy_(_layer.Weight);
        _ = matrix.addmm_(_left.mul(_lambda.view(1, Rank).Mul(Scale)), _right.detach());
    }

    private bool TripletsAreHeld => HostMemory.Holds(_left.t()) && HostMemory.Holds(_lambda) && HostMemory.Holds(_right);

    private static TripletSpans Spans(Tensor left, Tensor lambda, Tensor right) => new(HostMemory.Of(left), HostMemory.Of(lambda), HostMemory.Of(right));

    // Where there is none so far, it becomes zeros in the layout of the parameter.
    private static Tensor GradientOrZeros(Parameter parameter)
    {
        if (parameter.grad is { } sum)
            return sum;
        var zeros = zeros_like(parameter);
        parameter.grad = zeros;
        return zeros;
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
