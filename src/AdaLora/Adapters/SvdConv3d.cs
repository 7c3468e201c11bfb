namespace AdaLora.Adapters;

/// <summary>A frozen convolution over volumes (batch, channels, depth, height, width), or one of them without the batch, with an AdaLoRA adapter.</summary>
/// <inheritdoc cref="SvdConvolution"/>
public sealed class SvdConv3d : SvdConvolution
{
    internal SvdConv3d(ConvolutionLayer layer, AdapterParts parts)
        : base(nameof(SvdConv3d), layer, parts)
    {
    }
}
