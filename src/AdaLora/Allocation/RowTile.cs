using System.Numerics;
using System.Runtime.CompilerServices;
using AdaLora.Internals.Cpu;

namespace AdaLora.Allocation;

/// <summary>
/// Products of the rows of a small matrix with one another and with a square matrix. A stretch of all rows is copied side by side into a tile (rows a power of two apart would evict each other from
/// the L1 cache), zero-padded to whole vectors and whole blocks of <see cref="Block"/> rows; a block of 3 x 3 sums then stays in registers.
/// </summary>
internal readonly unsafe struct RowTile
{
    public const int LargestRank = 16;

    /// <summary>Rows of a tile and of the square matrices: <see cref="LargestRank"/>, rounded up to whole blocks.</summary>
    public const int Rows = (LargestRank + Block - 1) / Block * Block;

    /// <summary>Vectors in the largest tile. Long enough for memory to be read in long runs, short enough for a tile to fit in the L2 cache.</summary>
    public const int Capacity = Rows * LargestWidth;

    private const int LargestWidth = 32 * Block;

    private const int Block = 3;

    private readonly Vector<float>* _vectors;
    private readonly MatrixSide _side;
    private readonly int _width;
    private readonly int _blocks;

    /// <param name="memory">Scratch for <see cref="Capacity"/> vectors.</param>
    /// <param name="side">Number, at most <see cref="LargestRank"/>, and length of the rows.</param>
    public RowTile(Vector<float>* memory, MatrixSide side)
    {
        _vectors = memory;
        _side = side;
        _blocks = InBlocks(side.Rank);
        _width = Math.Min(LargestWidth, InBlocks((side.Length + Vector<float>.Count - 1) / Vector<float>.Count) * Block);
    }

    private int Columns => _width * Vector<float>.Count;

    /// <summary>gram := rows · rows'.</summary>
    /// <param name="rows">All rows, one after the other.</param>
    /// <param name="gram">(<see cref="Rows"/>, <see cref="Rows"/>); only the part covered by the rank is written.</param>
    [SkipLocalsInit]
    public void Gram(ReadOnlySpan<float> rows, float* gram)
    {
        var sums = stackalloc Vector<float>[Rows * Rows];
        new Span<Vector<float>>(sums, _blocks * _blocks * Block * Block).Clear();
        for (var first = 0; first < _side.Length; first += Columns)
        {
            Load(rows, first);
            for (var i = 0; i < _blocks; i++)
            {
                for (var j = 0; j <= i; j++)
                    AddInnerProducts(_vectors + (i * Block * _width), _vectors + (j * Block * _width), _width, sums + (((i * _blocks) + j) * Block * Block));
            }
        }

        for (var i = 0; i < _side.Rank; i++)
        {
            for (var j = 0; j <= i; j++)
                gram[(i * Rows) + j] = gram[(j * Rows) + i] = Vector.Sum(sums[((((i / Block) * _blocks) + (j / Block)) * Block * Block) + (i % Block * Block) + (j % Block)]);
        }
    }

    /// <summary>target := target + factors · rows. Call after <see cref="Gram"/>.</summary>
    /// <param name="rows">The same rows.</param>
    /// <param name="factors">(<see cref="Rows"/>, <see cref="Rows"/>); only the part covered by the rank counts.</param>
    /// <param name="target">Like <paramref name="rows"/>.</param>
    [SkipLocalsInit]
    public void AddProduct(ReadOnlySpan<float> rows, float* factors, Span<float> target)
    {
        var products = stackalloc Vector<float>[Block * LargestWidth];
        for (var first = 0; first < _side.Length; first += Columns)
        {
            // A tile that covers the whole rows is still loaded.
            if (_side.Length > Columns)
                Load(rows, first);
            var count = Math.Min(Columns, _side.Length - first);
            for (var i = 0; i < _side.Rank; i += Block)
            {
                for (var k = 0; k < _width; k += Block)
                    Multiply(factors + (i * Rows), _vectors + k, _width, _side.Rank, products + k);
                for (var row = i; row < Math.Min(i + Block, _side.Rank); row++)
                    VectorMath.Add(target.Slice((row * _side.Length) + first, count), new ReadOnlySpan<float>(products + ((row - i) * _width), count));
            }
        }
    }

    private static int InBlocks(int count) => (count + Block - 1) / Block;

    private void Load(ReadOnlySpan<float> rows, int first)
    {
        var count = Math.Min(Columns, _side.Length - first);
        for (var row = 0; row < _blocks * Block; row++)
        {
            var to = new Span<float>(_vectors + (row * _width), Columns);
            var kept = row < _side.Rank ? count : 0;
            if (kept > 0)
                rows.Slice((row * _side.Length) + first, kept).CopyTo(to);
            to[kept..].Clear();
        }
    }

    // sums[i, j] += a[i] · b[j], lane by lane.
    private static void AddInnerProducts(Vector<float>* a, Vector<float>* b, int width, Vector<float>* sums)
    {
        var (s00, s01, s02) = (sums[0], sums[1], sums[2]);
        var (s10, s11, s12) = (sums[3], sums[4], sums[5]);
        var (s20, s21, s22) = (sums[6], sums[7], sums[8]);
        for (var k = 0; k < width; k++)
        {
            var (b0, b1, b2) = (b[k], b[width + k], b[(2 * width) + k]);
            var a0 = a[k];
            s00 = VectorMath.MultiplyAdd(a0, b0, s00);
            s01 = VectorMath.MultiplyAdd(a0, b1, s01);
            s02 = VectorMath.MultiplyAdd(a0, b2, s02);
            var a1 = a[width + k];
            s10 = VectorMath.MultiplyAdd(a1, b0, s10);
            s11 = VectorMath.MultiplyAdd(a1, b1, s11);
            s12 = VectorMath.MultiplyAdd(a1, b2, s12);
            var a2 = a[(2 * width) + k];
            s20 = VectorMath.MultiplyAdd(a2, b0, s20);
            s21 = VectorMath.MultiplyAdd(a2, b1, s21);
            s22 = VectorMath.MultiplyAdd(a2, b2, s22);
        }

        (sums[0], sums[1], sums[2]) = (s00, s01, s02);
        (sums[3], sums[4], sums[5]) = (s10, s11, s12);
        (sums[6], sums[7], sums[8]) = (s20, s21, s22);
    }

    // products[i, k] := sum over j of factors[i, j] · tile[j, k], for a block of i and a block of vectors k.
    private static void Multiply(float* factors, Vector<float>* tile, int width, int rank, Vector<float>* products)
    {
        Vector<float> s00, s01, s02, s10, s11, s12, s20, s21, s22;
        s00 = s01 = s02 = s10 = s11 = s12 = s20 = s21 = s22 = Vector<float>.Zero;
        for (var j = 0; j < rank; j++)
        {
            var row = tile + (j * width);
            var (v0, v1, v2) = (row[0], row[1], row[2]);
            var f0 = new Vector<float>(factors[j]);
            s00 = VectorMath.MultiplyAdd(f0, v0, s00);
            s01 = VectorMath.MultiplyAdd(f0, v1, s01);
            s02 = VectorMath.MultiplyAdd(f0, v2, s02);
            var f1 = new Vector<float>(factors[Rows + j]);
            s10 = VectorMath.MultiplyAdd(f1, v0, s10);
            s11 = VectorMath.MultiplyAdd(f1, v1, s11);
            s12 = VectorMath.MultiplyAdd(f1, v2, s12);
            var f2 = new Vector<float>(factors[(2 * Rows) + j]);
            s20 = VectorMath.MultiplyAdd(f2, v0, s20);
            s21 = VectorMath.MultiplyAdd(f2, v1, s21);
            s22 = VectorMath.MultiplyAdd(f2, v2, s22);
        }

        (products[0], products[1], products[2]) = (s00, s01, s02);
        (products[width], products[width + 1], products[width + 2]) = (s10, s11, s12);
        (products[2 * width], products[(2 * width) + 1], products[(2 * width) + 2]) = (s20, s21, s22);
    }
}
