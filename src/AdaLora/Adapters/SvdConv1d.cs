namespace AdaLora.Adapters;

/// <summary>A frozen convolution over sequences (batch, channels, length), or one of them without the batch, with an AdaLoRA adapter.</summary>
/// <inheritdoc cref="SvdConvolution"/>
public sealed class SvdConv1d : SvdConvolution
{
    internal SvdConv1d(ConvolutionLayer layer, AdapterParts parts)
        : base(nameof(SvdConv1d), layer, parts)
    {
    }
}
