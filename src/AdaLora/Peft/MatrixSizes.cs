using AdaLora.Adapters;

namespace AdaLora.Peft;

/// <summary>The sizes of a matrix that has a stored adapter.</summary>
/// <param name="Out">Rows of P.</param>
/// <param name="In">Columns of Q.</param>
/// <param name="Kernel">The sizes of a convolution's kernel, which the columns of Q span; none for a linear layer.</param>
/// <param name="IsTable">Whether it is a table of embeddings, with a column of Q for each word.</param>
internal readonly record struct MatrixSizes(long Out, long In, IReadOnlyList<long> Kernel, bool IsTable = false)
{
    public MatrixSizes(AdaptableLayer layer)
        : this(layer.OutFeatures, layer.InFeatures, layer.Kernel, layer.IsTable)
    {
    }

    /// <summary>Derived from the shapes of P and Q when there is no model. LoRA's factors of a convolution are convolutions themselves.</summary>
    public static MatrixSizes Stored(IReadOnlyList<long> left, IReadOnlyList<long> right) =>
        new(left.FirstOrDefault(), right.Count < 2 ? right.LastOrDefault() : right.Skip(1).Aggregate(1L, (product, size) => product * size), [.. right.Skip(2)]);

    /// <summary>The shape of LoRA's A: that of its first convolution's weight, or (rank, in).</summary>
    public long[] LoraRight(long rank) => [rank, In / Kernel.Aggregate(1L, (product, size) => product * size), .. Kernel];

    /// <summary>The shape of LoRA's B: that of its second convolution's weight, whose kernel is one pixel, or (out, rank).</summary>
    public long[] LoraLeft(long rank) => [Out, rank, .. Kernel.Select(_ => 1L)];
}
