using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>The last product of a low-rank adapter, added to its layer's output.</summary>
internal static class LowRankProduct
{
    /// <summary>output + low · left'.</summary>
    /// <param name="output">(..., out).</param>
    /// <param name="low">(..., rank).</param>
    /// <param name="left">(out, rank), in the element type of <paramref name="low"/>.</param>
    /// <returns>A new tensor with the shape and element type of <paramref name="output"/>, computed by one operation if the element types agree.</returns>
    public static Tensor AddTo(Tensor output, Tensor low, Tensor left)
    {
        if (output.dtype != low.dtype)
            return output.Add(nn.functional.linear(low, left).to(output.dtype));
        var rows = addmm(output.reshape(-1, left.shape[0]), low.reshape(-1, left.shape[1]), left.t(), 1, 1);
        return output.dim() == 2 ? rows : rows.view(output.shape);
    }
}
