using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>The last product of a low-rank adapter, added to its layer's output.</summary>
internal static class LowRankProduct
{
    /// <summary>output + low · left.</summary>
    /// <param name="output">(..., out).</param>
    /// <param name="low">(..., rank).</param>
    /// <param name="left">(rank, out), in the element type of <paramref name="low"/>.</param>
    /// <returns>A new tensor with the shape and element type of <paramref name="output"/>, computed by one operation if the element types agree.</returns>
    public static Tensor AddTo(Tensor output, Tensor low, Tensor left)
    {
        if (output.dtype != low.dtype)
            return output.Add(nn.functional.linear(low, left.t()).to(output.dtype));
        // A view of the same shape would still be a node of the graph.
        return output.dim() == 2
            ? addmm(output, low, left, 1, 1)
            : addmm(output.reshape(-1, left.size(1)), low.reshape(-1, left.size(0)), left, 1, 1).view(output.shape);
    }
}
