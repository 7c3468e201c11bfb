namespace AdaLora.Adapters;

/// <summary>A frozen convolution over images (batch, channels, height, width), or one of them without the batch, with an AdaLoRA adapter.</summary>
/// <inheritdoc cref="SvdConvolution"/>
public sealed class SvdConv2d : SvdConvolution
{
    internal SvdConv2d(ConvolutionLayer layer, AdapterParts parts)
        : base(nameof(SvdConv2d), layer, parts)
    {
    }
}
