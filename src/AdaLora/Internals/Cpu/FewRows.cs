using System.Numerics;

namespace AdaLora.Internals.Cpu;

/// <summary>
/// Products of a few rows with a large matrix, as in writing a text token by token. Each row of the matrix is read once and multiplied by all rows while it is in the cache, by several threads;
/// libtorch's library needs two to three times as long for two to eight rows on processors without AVX-512. The numbers do not depend on the number of threads. Pure arithmetic: nothing
/// here needs libtorch.
/// </summary>
internal static class FewRows
{
    /// <summary>From here on, libtorch is as fast.</summary>
    public const int Most = 8;

    /// <summary>Entries of the matrix that are worth a piece of their own.</summary>
    private const int Piece = 1 << 14;

    /// <summary>result := rows · matrix' + bias.</summary>
    /// <param name="rows">(count, in).</param>
    /// <param name="matrix">(out, in).</param>
    /// <param name="bias">(out), or empty for none.</param>
    /// <param name="result">Becomes (count, out).</param>
    /// <param name="count">The number of rows, at least 1.</param>
    /// <param name="threads">Maximum number of threads, at least 1.</param>
    /// <exception cref="ArgumentException">The lengths do not fit together.</exception>
    public static unsafe void Multiply(ReadOnlySpan<float> rows, ReadOnlySpan<float> matrix, ReadOnlySpan<float> bias, Span<float> result, int count, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var (inputs, outputs) = (rows.Length / count, result.Length / count);
        if (inputs * count != rows.Length || outputs * count != result.Length || (long)inputs * outputs != matrix.Length || (bias.Length != 0 && bias.Length != outputs))
            throw new ArgumentException($"{count} rows of {rows.Length} numbers, a matrix of {matrix.Length}, a bias of {bias.Length} and a result of {result.Length} do not fit together.", nameof(matrix));
        fixed (float* r = rows, m = matrix, b = bias, t = result)
        {
            var (from, weights, added, to) = ((nint)r, (nint)m, (nint)b, (nint)t);
            HostThreads.Run(outputs, Math.Max(2, Piece / Math.Max(1, inputs)), threads, (start, length) =>
            {
                for (var i = start; i < start + length; i += 2)
                {
                    var next = Math.Min(i + 1, start + length - 1);
                    float* one = (float*)weights + ((nint)i * inputs), two = (float*)weights + ((nint)next * inputs);
                    var (first, second) = added == 0 ? (0f, 0f) : (((float*)added)[i], ((float*)added)[next]);
                    for (var k = 0; k < count; k += k + 4 <= count ? 4 : 1)
                    {
                        float* row = (float*)from + ((nint)k * inputs), target = (float*)to + ((nint)k * outputs);
                        if (k + 4 <= count)
                            FourRows(one, two, row, inputs, first, second, target + i, target + next, outputs);
                        else
                            OneRow(one, two, row, inputs, first, second, target + i, target + next);
                    }
                }
            });
        }
    }

    // Two rows of the matrix, one row of states; eight sums, so that no addition waits for another.
    private static unsafe void OneRow(float* one, float* two, float* row, int length, float first, float second, float* ofOne, float* ofTwo)
    {
        var lanes = Vector<float>.Count;
        var (a, b, c, d) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero);
        var (e, f, g, h) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero);
        var j = 0;
        for (; j + (4 * lanes) <= length; j += 4 * lanes)
        {
            var x = Vector.Load(row + j);
            a = VectorMath.MultiplyAdd(Vector.Load(one + j), x, a);
            e = VectorMath.MultiplyAdd(Vector.Load(two + j), x, e);
            x = Vector.Load(row + j + lanes);
            b = VectorMath.MultiplyAdd(Vector.Load(one + j + lanes), x, b);
            f = VectorMath.MultiplyAdd(Vector.Load(two + j + lanes), x, f);
            x = Vector.Load(row + j + (2 * lanes));
            c = VectorMath.MultiplyAdd(Vector.Load(one + j + (2 * lanes)), x, c);
            g = VectorMath.MultiplyAdd(Vector.Load(two + j + (2 * lanes)), x, g);
            x = Vector.Load(row + j + (3 * lanes));
            d = VectorMath.MultiplyAdd(Vector.Load(one + j + (3 * lanes)), x, d);
            h = VectorMath.MultiplyAdd(Vector.Load(two + j + (3 * lanes)), x, h);
        }

        *ofOne = first + Vector.Sum(a + b + c + d) + Rest(one, row, j, length);
        *ofTwo = second + Vector.Sum(e + f + g + h) + Rest(two, row, j, length);
    }

    // Two rows of the matrix, four rows of states.
    private static unsafe void FourRows(float* one, float* two, float* row, int length, float first, float second, float* ofOne, float* ofTwo, int step)
    {
        var lanes = Vector<float>.Count;
        float* other = row + length, third = other + length, fourth = third + length;
        var (a, b, c, d) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero);
        var (e, f, g, h) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero);
        var j = 0;
        for (; j + lanes <= length; j += lanes)
        {
            var (p, q) = (Vector.Load(one + j), Vector.Load(two + j));
            var x = Vector.Load(row + j);
            a = VectorMath.MultiplyAdd(p, x, a);
            e = VectorMath.MultiplyAdd(q, x, e);
            x = Vector.Load(other + j);
            b = VectorMath.MultiplyAdd(p, x, b);
            f = VectorMath.MultiplyAdd(q, x, f);
            x = Vector.Load(third + j);
            c = VectorMath.MultiplyAdd(p, x, c);
            g = VectorMath.MultiplyAdd(q, x, g);
            x = Vector.Load(fourth + j);
            d = VectorMath.MultiplyAdd(p, x, d);
            h = VectorMath.MultiplyAdd(q, x, h);
        }

        (ofOne[0], ofOne[step]) = (first + Vector.Sum(a) + Rest(one, row, j, length), first + Vector.Sum(b) + Rest(one, other, j, length));
        (ofOne[2 * step], ofOne[3 * step]) = (first + Vector.Sum(c) + Rest(one, third, j, length), first + Vector.Sum(d) + Rest(one, fourth, j, length));
        (ofTwo[0], ofTwo[step]) = (second + Vector.Sum(e) + Rest(two, row, j, length), second + Vector.Sum(f) + Rest(two, other, j, length));
        (ofTwo[2 * step], ofTwo[3 * step]) = (second + Vector.Sum(g) + Rest(two, third, j, length), second + Vector.Sum(h) + Rest(two, fourth, j, length));
    }

    private static unsafe float Rest(float* one, float* other, int start, int length)
    {
        var sum = 0f;
        for (var j = start; j < length; j++)
            sum += one[j] * other[j];
        return sum;
    }
}
