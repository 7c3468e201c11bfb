using System.Numerics;

namespace AdaLora.Internals.Cpu;

/// <summary>
/// The inner loops of <see cref="LowRankKernel"/>: eight or twelve sums in registers, so that none waits for another. At an edge, the last row or triplet is computed several times, which gives the
/// same numbers.
/// </summary>
internal static unsafe class LowRankTiles
{
    /// <summary>Rows that <see cref="Sum"/> computes together.</summary>
    public const int SumRows = 4;

    /// <summary>to := from + left · right, for four rows of a range of columns.</summary>
    /// <param name="from">The first column of the range in the first row.</param>
    /// <param name="left">(rows, rank).</param>
    /// <param name="right">The range of Q.</param>
    /// <param name="to">The first column of the range in the first row of the result.</param>
    /// <param name="row">The first of the rows.</param>
    /// <param name="last">The last row there is.</param>
    public static void Sum(float* from, float* left, MatrixTile right, float* to, int row, int last)
    {
        var (lanes, rank, step) = (Vector<float>.Count, right.Rows, right.Step);
        var (second, third, fourth) = (Math.Min(row + 1, last), Math.Min(row + 2, last), Math.Min(row + 3, last));
        float* p = left + ((nint)row * rank), q = left + ((nint)second * rank), r = left + ((nint)third * rank), s = left + ((nint)fourth * rank);
        nint a = (nint)row * step, b = (nint)second * step, c = (nint)third * step, d = (nint)fourth * step;
        var j = 0;
        for (; j + (2 * lanes) <= right.Width; j += 2 * lanes)
        {
            var (a0, a1) = (Vector.Load(from + a + j), Vector.Load(from + a + j + lanes));
            var (b0, b1) = (Vector.Load(from + b + j), Vector.Load(from + b + j + lanes));
            var (c0, c1) = (Vector.Load(from + c + j), Vector.Load(from + c + j + lanes));
            var (d0, d1) = (Vector.Load(from + d + j), Vector.Load(from + d + j + lanes));
            var entries = right.First + j;
            for (var k = 0; k < rank; k++, entries += step)
            {
                var (x, y) = (Vector.Load(entries), Vector.Load(entries + lanes));
                var factor = new Vector<float>(p[k]);
                (a0, a1) = (VectorMath.MultiplyAdd(factor, x, a0), VectorMath.MultiplyAdd(factor, y, a1));
                factor = new Vector<float>(q[k]);
                (b0, b1) = (VectorMath.MultiplyAdd(factor, x, b0), VectorMath.MultiplyAdd(factor, y, b1));
                factor = new Vector<float>(r[k]);
                (c0, c1) = (VectorMath.MultiplyAdd(factor, x, c0), VectorMath.MultiplyAdd(factor, y, c1));
                factor = new Vector<float>(s[k]);
                (d0, d1) = (VectorMath.MultiplyAdd(factor, x, d0), VectorMath.MultiplyAdd(factor, y, d1));
            }

            Store(to + a + j, a0, a1);
            Store(to + b + j, b0, b1);
            Store(to + c + j, c0, c1);
            Store(to + d + j, d0, d1);
        }

        for (; j < right.Width; j++)
        {
            var (w, x, y, z) = (from[a + j], from[b + j], from[c + j], from[d + j]);
            for (var k = 0; k < rank; k++)
            {
                var entry = right.First[((nint)k * step) + j];
                (w, x, y, z) = (w + (p[k] * entry), x + (q[k] * entry), y + (r[k] * entry), z + (s[k] * entry));
            }

            (to[a + j], to[b + j], to[c + j], to[d + j]) = (w, x, y, z);
        }
    }

    /// <summary>to := to + left' · panel.</summary>
    /// <param name="panel">Some rows and columns of a matrix.</param>
    /// <param name="left">(rows, rank).</param>
    /// <param name="to">The same columns of a matrix with a row for each triplet.</param>
    public static void AddColumns(MatrixTile panel, float* left, MatrixTile to)
    {
        var (lanes, rank) = (Vector<float>.Count, to.Rows);
        for (var k = 0; k < rank; k += 4)
        {
            var (l, m, n) = (Math.Min(k + 1, rank - 1), Math.Min(k + 2, rank - 1), Math.Min(k + 3, rank - 1));
            float* a = to.Row(k), b = to.Row(l), c = to.Row(m), d = to.Row(n);
            var j = 0;
            for (; j + (3 * lanes) <= panel.Width; j += 3 * lanes)
            {
                var (a0, a1, a2) = Load(a + j);
                var (b0, b1, b2) = Load(b + j);
                var (c0, c1, c2) = Load(c + j);
                var (d0, d1, d2) = Load(d + j);
                float* row = panel.First + j, factors = left;
                for (var i = 0; i < panel.Rows; i++, row += panel.Step, factors += rank)
                {
                    var (x, y, z) = Load(row);
                    var factor = new Vector<float>(factors[k]);
                    (a0, a1, a2) = (VectorMath.MultiplyAdd(factor, x, a0), VectorMath.MultiplyAdd(factor, y, a1), VectorMath.MultiplyAdd(factor, z, a2));
                    factor = new Vector<float>(factors[l]);
                    (b0, b1, b2) = (VectorMath.MultiplyAdd(factor, x, b0), VectorMath.MultiplyAdd(factor, y, b1), VectorMath.MultiplyAdd(factor, z, b2));
                    factor = new Vector<float>(factors[m]);
                    (c0, c1, c2) = (VectorMath.MultiplyAdd(factor, x, c0), VectorMath.MultiplyAdd(factor, y, c1), VectorMath.MultiplyAdd(factor, z, c2));
                    factor = new Vector<float>(factors[n]);
                    (d0, d1, d2) = (VectorMath.MultiplyAdd(factor, x, d0), VectorMath.MultiplyAdd(factor, y, d1), VectorMath.MultiplyAdd(factor, z, d2));
                }

                Store(a + j, a0, a1, a2);
                Store(b + j, b0, b1, b2);
                Store(c + j, c0, c1, c2);
                Store(d + j, d0, d1, d2);
            }

            for (; j < panel.Width; j++)
            {
                var (w, x, y, z) = (a[j], b[j], c[j], d[j]);
                var factors = left;
                for (var i = 0; i < panel.Rows; i++, factors += rank)
                {
                    var entry = panel.Row(i)[j];
                    (w, x, y, z) = (w + (factors[k] * entry), x + (factors[l] * entry), y + (factors[m] * entry), z + (factors[n] * entry));
                }

                (a[j], b[j], c[j], d[j]) = (w, x, y, z);
            }
        }
    }

    /// <summary>to := panel · right'.</summary>
    /// <param name="panel">Some rows and columns of a matrix.</param>
    /// <param name="right">The same columns of Q.</param>
    /// <param name="to">Becomes (rows, rank).</param>
    public static void Dot(MatrixTile panel, MatrixTile right, float* to)
    {
        var (lanes, rank) = (Vector<float>.Count, right.Rows);
        for (var k = 0; k < rank; k += 4)
        {
            var (l, m, n) = (Math.Min(k + 1, rank - 1), Math.Min(k + 2, rank - 1), Math.Min(k + 3, rank - 1));
            float* a = right.Row(k), b = right.Row(l), c = right.Row(m), d = right.Row(n);
            for (var i = 0; i < panel.Rows; i += 3)
            {
                var (second, third) = (Math.Min(i + 1, panel.Rows - 1), Math.Min(i + 2, panel.Rows - 1));
                float* p = panel.Row(i), q = panel.Row(second), r = panel.Row(third);
                var (a0, a1, a2) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero);
                var (b0, b1, b2) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero);
                var (c0, c1, c2) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero);
                var (d0, d1, d2) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero);
                var j = 0;
                for (; j + lanes <= panel.Width; j += lanes)
                {
                    var (x, y, z) = (Vector.Load(p + j), Vector.Load(q + j), Vector.Load(r + j));
                    var entries = Vector.Load(a + j);
                    (a0, a1, a2) = (VectorMath.MultiplyAdd(entries, x, a0), VectorMath.MultiplyAdd(entries, y, a1), VectorMath.MultiplyAdd(entries, z, a2));
                    entries = Vector.Load(b + j);
                    (b0, b1, b2) = (VectorMath.MultiplyAdd(entries, x, b0), VectorMath.MultiplyAdd(entries, y, b1), VectorMath.MultiplyAdd(entries, z, b2));
                    entries = Vector.Load(c + j);
                    (c0, c1, c2) = (VectorMath.MultiplyAdd(entries, x, c0), VectorMath.MultiplyAdd(entries, y, c1), VectorMath.MultiplyAdd(entries, z, c2));
                    entries = Vector.Load(d + j);
                    (d0, d1, d2) = (VectorMath.MultiplyAdd(entries, x, d0), VectorMath.MultiplyAdd(entries, y, d1), VectorMath.MultiplyAdd(entries, z, d2));
                }

                float* u = to + ((nint)i * rank), v = to + ((nint)second * rank), w = to + ((nint)third * rank);
                var rest = panel.Width - j;
                (u[k], v[k], w[k]) = (Total(a0, a + j, p + j, rest), Total(a1, a + j, q + j, rest), Total(a2, a + j, r + j, rest));
                (u[l], v[l], w[l]) = (Total(b0, b + j, p + j, rest), Total(b1, b + j, q + j, rest), Total(b2, b + j, r + j, rest));
                (u[m], v[m], w[m]) = (Total(c0, c + j, p + j, rest), Total(c1, c + j, q + j, rest), Total(c2, c + j, r + j, rest));
                (u[n], v[n], w[n]) = (Total(d0, d + j, p + j, rest), Total(d1, d + j, q + j, rest), Total(d2, d + j, r + j, rest));
            }
        }
    }

    private static (Vector<float> First, Vector<float> Second, Vector<float> Third) Load(float* from) =>
        (Vector.Load(from), Vector.Load(from + Vector<float>.Count), Vector.Load(from + (2 * Vector<float>.Count)));

    private static void Store(float* to, Vector<float> first, Vector<float> second)
    {
        first.Store(to);
        second.Store(to + Vector<float>.Count);
    }

    private static void Store(float* to, Vector<float> first, Vector<float> second, Vector<float> third)
    {
        Store(to, first, second);
        third.Store(to + (2 * Vector<float>.Count));
    }

    private static float Total(Vector<float> sums, float* one, float* other, int rest)
    {
        var total = Vector.Sum(sums);
        for (var j = 0; j < rest; j++)
            total += one[j] * other[j];
        return total;
    }
}

/// <summary>Some columns of some rows of a matrix in host memory.</summary>
/// <param name="first">The first entry.</param>
/// <param name="step">Entries from one row to the next.</param>
/// <param name="rows">The number of rows.</param>
/// <param name="width">The number of columns.</param>
internal readonly unsafe struct MatrixTile(float* first, int step, int rows, int width)
{
    public float* First { get; } = first;

    public int Step { get; } = step;

    public int Rows { get; } = rows;

    public int Width { get; } = width;

    public float* Row(int row) => First + ((nint)row * Step);
}
