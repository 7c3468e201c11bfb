using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// A frozen convolution with an AdaLoRA adapter: its weight, seen as one row of in / groups · kernel entries per output channel, gets the product scale · P diag(lambda) Q, as PEFT's
/// SVDConv2d does. State names and shapes are those of <see cref="SvdAdapter"/>. Stride, padding, padding mode, dilation and groups are those of the layer.
/// </summary>
/// <inheritdoc cref="SvdAdapter"/>
public abstract class SvdConvolution : SvdAdapter
{
    private readonly ConvolutionLayer _layer;

    private protected SvdConvolution(string name, ConvolutionLayer layer, AdapterParts parts)
        : base(name, layer, parts) => _layer = layer;

    private protected sealed override Tensor Added(Tensor output, Tensor input, double dropout)
    {
        Activity.Factors?.NoteBypass();
        var precision = ProductPrecision.Of(input, Left.dtype);
        var product = _layer.Convolve(Drop(input, precision, dropout), Left.In(precision), Lambda.view(Rank).Mul(Scale).In(precision), Right.In(precision));
        return output.Add(product.In(output.dtype));
    }
}
