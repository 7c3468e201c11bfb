using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>Shaped views of a flat buffer with the layout of a bank: values, gradients and statistics alike. No view copies.</summary>
internal static class BankViews
{
    /// <summary>P of one matrix in the paper's shape, (out, rank): a transposed view with strides (1, out).</summary>
    public static Tensor Left(this Tensor flat, TripletSlot slot) => Rows(flat, slot.LeftOffset, slot.Rank, slot.Shape.OutFeatures).t();

    /// <summary>Q of one matrix, (rank, in).</summary>
    public static Tensor Right(this Tensor flat, TripletSlot slot) => Rows(flat, slot.RightOffset, slot.Rank, slot.Shape.InFeatures);

    /// <summary>Lambda of one matrix, (rank, 1).</summary>
    public static Tensor Lambda(this Tensor flat, TripletSlot slot) => Rows(flat, slot.LambdaOffset, slot.Rank, 1);

    /// <summary>All lambdas in storage order, (triplets).</summary>
    public static Tensor Lambdas(this Tensor flat, BankLayout layout) => Given(flat).narrow(0, layout.LambdaOffset, layout.Triplets);

    /// <summary>P' of every matrix of a block, (matrices, rank, out).</summary>
    public static Tensor Left(this Tensor flat, TripletBlock block) =>
        Given(flat).narrow(0, block.LeftOffset, block.Triplets * block.OutFeatures).view(block.Matrices, block.Rank, block.OutFeatures);

    /// <summary>Q of every matrix of a block, (matrices, rank, in).</summary>
    public static Tensor Right(this Tensor flat, TripletBlock block) =>
        Given(flat).narrow(0, block.RightOffset, block.Triplets * block.InFeatures).view(block.Matrices, block.Rank, block.InFeatures);

    /// <summary>P' and Q of every matrix of a square block, (2 x matrices, rank, out): all P' first.</summary>
    internal static Tensor Both(this Tensor flat, TripletBlock block) =>
        Given(flat).narrow(0, block.LeftOffset, 2 * block.Triplets * block.OutFeatures).view(2 * block.Matrices, block.Rank, block.OutFeatures);

    private static Tensor Rows(Tensor flat, long offset, long rows, long columns) => Given(flat).narrow(0, offset, rows * columns).view(rows, columns);

    private static Tensor Given(Tensor flat) => flat ?? throw new ArgumentNullException(nameof(flat));

    /// <summary>Throws unless a tensor has one entry for each element of the layout.</summary>
    /// <exception cref="ArgumentNullException">It is null.</exception>
    /// <exception cref="ArgumentException">Its shape is different.</exception>
    internal static void Require(this BankLayout layout, Tensor flat, string name)
    {
        ArgumentNullException.ThrowIfNull(flat, name);
        if (flat.Dimensions != 1 || flat.NumberOfElements != layout.Elements)
            throw new ArgumentException($"The shape is ({string.Join(", ", flat.shape)}); a flat buffer of {layout.Elements} elements is needed.", name);
    }
}
