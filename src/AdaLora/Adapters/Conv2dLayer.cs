using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>A convolution: every output channel multiplies patches of (in / groups, kernel height, kernel width) entries. With several groups, P and Q cover all of them, as in PEFT.</summary>
internal sealed class Conv2dLayer(Conv2d conv) : AdaptableLayer(conv)
{
    private static readonly long[] NoPadding = [0, 0];

    public override Tensor Stored => conv.weight;

    public override Tensor? Bias => conv.bias;

    public override long OutFeatures => conv.out_channels;

    public override long InFeatures => Channels * conv.kernel_size[0] * conv.kernel_size[1];

    public override IReadOnlyList<long> Kernel => conv.kernel_size;

    public override bool IsGrouped => conv.groups > 1;

    /// <summary>Input channels seen by each output channel.</summary>
    private long Channels => conv.in_channels / conv.groups;

    public static AdaptableLayer? Of(nn.Module module) => module is Conv2d conv ? new Conv2dLayer(conv) : null;

    public override string? FindFault()
    {
        var weight = conv.weight;
        long[] expected = [conv.out_channels, Channels, .. conv.kernel_size];
        return !weight.is_floating_point() ? $"its weight is of type {weight.dtype}, which is not floating point"
            : !weight.shape.SequenceEqual(expected) ? $"its weight is {string.Join(" x ", weight.shape)}, but its channels and kernel require {string.Join(" x ", expected)}"
            : conv.padding_mode == PaddingModes.Constant ? "its padding mode is Constant, which PyTorch's convolutions do not have"
            : conv.padding_type == Padding.Same && conv.padding_mode != PaddingModes.Zeros && !SameAs(0).SequenceEqual(SameAs(1))
                ? $"TorchSharp swaps height and width when it pads to the same size in the mode {conv.padding_mode}; give the padding as numbers"
            : null;
    }

    public override Tensor InLayout(Tensor matrix) => matrix.view(conv.out_channels, Channels, conv.kernel_size[0], conv.kernel_size[1]);

    public override Tensor AsMatrix(Tensor weight) => weight.flatten(1);

    /// <summary>The patches under the kernel, of each group as if it were an image of its own.</summary>
    public override Tensor Rows(Tensor input)
    {
        var (padded, padding) = Pad(input.dim() == 4 ? input : input.unsqueeze(0));
        var pieces = conv.groups == 1 ? padded : padded.reshape(padded.shape[0] * conv.groups, Channels, padded.shape[2], padded.shape[3]);
        var patches = nn.functional.unfold(pieces, (conv.kernel_size[0], conv.kernel_size[1]), (conv.dilation[0], conv.dilation[1]), (padding[0], padding[1]), (conv.stride[0], conv.stride[1]));
        return patches.transpose(1, 2).reshape(-1, InFeatures);
    }

    public override SvdAdapter Adapt(AdapterParts parts) => new SvdConv2d(this, parts);

    /// <summary>
    /// The images convolved with P diag(factors) Q: first with the rows of Q as kernels, then, position by position, with P. That costs a fraction of convolving with the product, which PEFT
    /// recomputes in every pass.
    /// </summary>
    /// <param name="images">(batch, in, height, width) or without the batch, as the layer accepts them.</param>
    /// <param name="left">P, (out, rank).</param>
    /// <param name="factors">(rank).</param>
    /// <param name="right">Q, (rank, in / groups · kernel).</param>
    /// <returns>The result, in the shape of the layer's output.</returns>
    public Tensor Convolve(Tensor images, Tensor left, Tensor factors, Tensor right)
    {
        var isBatch = images.dim() == 4;
        var (rank, groups) = (right.shape[0], conv.groups);
        var (padded, padding) = Pad(isBatch ? images : images.unsqueeze(0));
        var batch = padded.shape[0];
        // All groups share Q: to it, each is a separate image.
        var pieces = groups == 1 ? padded : padded.reshape(batch * groups, Channels, padded.shape[2], padded.shape[3]);
        var low = nn.functional.conv2d(pieces, right.view(rank, Channels, conv.kernel_size[0], conv.kernel_size[1]), null, conv.stride, padding, conv.dilation).mul(factors.view(1, rank, 1, 1));
        if (groups > 1)
            low = low.reshape(batch, groups * rank, low.shape[2], low.shape[3]);
        var product = nn.functional.conv2d(low, left.unsqueeze(-1).unsqueeze(-1), groups: groups);
        return isBatch ? product : product.squeeze(0);
    }

    // What the layer itself does before convolving, so that an adapter computes the same before and after merging.
    private (Tensor Images, long[] Padding) Pad(Tensor images)
    {
        var sides = conv.padding is { } own ? [own[1], own[1], own[0], own[0]] : conv.padding_type == Padding.Same ? [.. SameAs(1), .. SameAs(0)] : (long[])[0, 0, 0, 0];
        if (conv.padding_mode == PaddingModes.Zeros && sides[0] == sides[1] && sides[2] == sides[3])
            return (images, [sides[2], sides[0]]);
        return (nn.functional.pad(images, sides, conv.padding_mode), NoPadding);
    }

    private long[] SameAs(int dimension)
    {
        var total = conv.dilation[dimension] * (conv.kernel_size[dimension] - 1);
        return [total / 2, total - (total / 2)];
    }
}
