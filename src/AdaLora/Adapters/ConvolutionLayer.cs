using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// A convolution over one, two or three dimensions: every output channel multiplies patches of in / groups channels of the kernel's size. With several groups, P and Q cover all of them, as in PEFT.
/// </summary>
internal sealed class ConvolutionLayer(Convolution conv) : AdaptableLayer(conv)
{
    public override Tensor Stored => conv.weight;

    public override Tensor? Bias => conv.bias;

    public override long OutFeatures => conv.out_channels;

    public override long InFeatures => Channels * conv.kernel_size.Aggregate(1L, (product, size) => product * size);

    public override IReadOnlyList<long> Kernel => conv.kernel_size;

    public override bool IsGrouped => conv.groups > 1;

    /// <summary>Input channels seen by each output channel.</summary>
    private long Channels => conv.in_channels / conv.groups;

    private int Dimensions => conv.kernel_size.Length;

    public static AdaptableLayer? Of(nn.Module module) => module is Conv1d or Conv2d or Conv3d ? new ConvolutionLayer((Convolution)module) : null;

    public override string? FindFault()
    {
        var weight = conv.weight;
        long[] expected = [conv.out_channels, Channels, .. conv.kernel_size];
        return !weight.is_floating_point() ? $"its weight is of type {weight.dtype}, which is not floating point"
            : !weight.shape.SequenceEqual(expected) ? $"its weight is {string.Join(" x ", weight.shape)}, but its channels and kernel require {string.Join(" x ", expected)}"
            : conv.padding_mode == PaddingModes.Constant ? "its padding mode is Constant, which PyTorch's convolutions do not have"
            : conv.padding_type == Padding.Same && conv.padding_mode != PaddingModes.Zeros && !Enumerable.Range(0, Dimensions).All(i => SameAs(i).SequenceEqual(SameAs(Dimensions - 1 - i)))
                ? $"TorchSharp swaps {(Dimensions == 2 ? "height and width" : "the first and the last dimension")} when it pads to the same size in the mode {conv.padding_mode}; give the padding as numbers"
            : null;
    }

    public override Tensor InLayout(Tensor matrix) => matrix.view([conv.out_channels, Channels, .. conv.kernel_size]);

    public override Tensor AsMatrix(Tensor weight) => weight.flatten(1);

    // libtorch takes patches out of images only; a sequence is an image of one row.
    public override bool IsCalled => Dimensions < 3;

    /// <summary>The patches under the kernel, of each group as if it were an image of its own.</summary>
    public override Tensor Rows(Tensor input)
    {
        var (padded, padding) = Pad(input.dim() == Dimensions + 2 ? input : input.unsqueeze(0));
        long[] sizes = Dimensions == 1 ? [1, padded.shape[2]] : padded.shape[2..];
        var pieces = padded.reshape([padded.shape[0] * conv.groups, Channels, .. sizes]);
        var patches = nn.functional.unfold(pieces, Pair(conv.kernel_size, 1), Pair(conv.dilation, 1), Pair(padding, 0), Pair(conv.stride, 1));
        return patches.transpose(1, 2).reshape(-1, InFeatures);
    }

    private static (long, long) Pair(long[] values, long ofRow) => values.Length == 1 ? (ofRow, values[0]) : (values[0], values[1]);

    public override SvdAdapter Adapt(AdapterParts parts) => Dimensions switch
    {
        1 => new SvdConv1d(this, parts),
        2 => new SvdConv2d(this, parts),
        _ => new SvdConv3d(this, parts),
    };

    /// <summary>
    /// The images convolved with P diag(factors) Q: first with the rows of Q as kernels, then, position by position, with P. That costs a fraction of convolving with the product, which PEFT
    /// recomputes in every pass.
    /// </summary>
    /// <param name="images">(batch, in, sizes...) or without the batch, as the layer accepts them.</param>
    /// <param name="left">P, (out, rank).</param>
    /// <param name="factors">(rank).</param>
    /// <param name="right">Q, (rank, in / groups · kernel).</param>
    /// <returns>The result, in the shape of the layer's output.</returns>
    public Tensor Convolve(Tensor images, Tensor left, Tensor factors, Tensor right)
    {
        var isBatch = images.dim() == Dimensions + 2;
        var (rank, groups) = (right.shape[0], conv.groups);
        var (padded, padding) = Pad(isBatch ? images : images.unsqueeze(0));
        var batch = padded.shape[0];
        long[] ones = [.. conv.kernel_size.Select(_ => 1L)];
        // All groups share Q: to it, each is a separate image.
        var pieces = groups == 1 ? padded : padded.reshape([batch * groups, Channels, .. padded.shape[2..]]);
        var low = Run(pieces, right.view([rank, Channels, .. conv.kernel_size]), conv.stride, padding, conv.dilation, 1).mul(factors.view([1, rank, .. ones]));
        if (groups > 1)
            low = low.reshape([batch, groups * rank, .. low.shape[2..]]);
        var product = Run(low, left.view([conv.out_channels, rank, .. ones]), ones, NoPadding, ones, groups);
        return isBatch ? product : product.squeeze(0);
    }

    private long[] NoPadding => [.. conv.kernel_size.Select(_ => 0L)];

    private static Tensor Run(Tensor images, Tensor kernels, long[] stride, long[] padding, long[] dilation, long groups) => stride.Length switch
    {
        1 => nn.functional.conv1d(images, kernels, null, stride[0], padding[0], dilation[0], groups),
        2 => nn.functional.conv2d(images, kernels, null, stride, padding, dilation, groups),
        _ => nn.functional.conv3d(images, kernels, null, stride, padding, dilation, groups),
    };

    // What the layer itself does before convolving, so that an adapter computes the same before and after merging.
    private (Tensor Images, long[] Padding) Pad(Tensor images)
    {
        long[][] sides = [.. Enumerable.Range(0, Dimensions).Select(i => conv.padding is { } own ? [own[i], own[i]] : conv.padding_type == Padding.Same ? SameAs(i) : (long[])[0, 0])];
        return conv.padding_mode == PaddingModes.Zeros && sides.All(side => side[0] == side[1])
            ? (images, [.. sides.Select(side => side[0])])
            : (nn.functional.pad(images, [.. Enumerable.Reverse(sides).SelectMany(side => side)], conv.padding_mode), NoPadding);
    }

    private long[] SameAs(int dimension)
    {
        var total = conv.dilation[dimension] * (conv.kernel_size[dimension] - 1);
        return [total / 2, total - (total / 2)];
    }
}
