using System.Numerics;

namespace AdaLora.Internals.Cpu;

/// <summary>
/// Single-precision numbers in host memory that are scaled by others through SiLU, x · sigmoid(x) (SwiGLU; Shazeer, 2020), and the gradient. Pure arithmetic: nothing here needs libtorch.
/// </summary>
internal static class GateKernel
{
    /// <summary>Numbers per piece of work.</summary>
    private const int Piece = 1 << 13;

    /// <summary>result := silu(gate) · states.</summary>
    /// <param name="gate">What passes through SiLU.</param>
    /// <param name="states">What it scales; as many.</param>
    /// <param name="result">As many.</param>
    /// <param name="threads">Maximum number of threads, at least 1.</param>
    /// <exception cref="ArgumentException">There are not as many of each.</exception>
    public static unsafe void Forward(ReadOnlySpan<float> gate, ReadOnlySpan<float> states, Span<float> result, int threads)
    {
        RequireEqual(gate.Length, states.Length, result.Length);
        fixed (float* g = gate, s = states, r = result)
        {
            var (gates, from, to) = ((nint)g, (nint)s, (nint)r);
            HostThreads.Run(gate.Length, Piece, threads, (start, count) =>
            {
                float* x = (float*)gates + start, y = (float*)from + start, target = (float*)to + start;
                var lanes = Vector<float>.Count;
                var i = 0;
                for (; i + lanes <= count; i += lanes)
                {
                    var wide = Vector.Load(x + i);
                    Vector.Store(wide / (Vector<float>.One + VectorMath.Exp(-wide)) * Vector.Load(y + i), target + i);
                }

                for (; i < count; i++)
                    target[i] = x[i] / (1 + MathF.Exp(-x[i])) * y[i];
            });
        }
    }

    /// <summary>The gradients of both.</summary>
    /// <param name="gradient">That of the result.</param>
    /// <param name="gate">What passed through SiLU.</param>
    /// <param name="states">What it scaled.</param>
    /// <param name="ofGate">Becomes the gradient of the gate.</param>
    /// <param name="ofStates">Becomes that of the states.</param>
    /// <param name="threads">Maximum number of threads, at least 1.</param>
    /// <exception cref="ArgumentException">There are not as many of each.</exception>
    public static unsafe void Backward(ReadOnlySpan<float> gradient, ReadOnlySpan<float> gate, ReadOnlySpan<float> states, Span<float> ofGate, Span<float> ofStates, int threads)
    {
        RequireEqual(gate.Length, gradient.Length, states.Length, ofGate.Length, ofStates.Length);
        fixed (float* d = gradient, g = gate, s = states, dg = ofGate, ds = ofStates)
        {
            var (arrived, gates, from, toGate, toStates) = ((nint)d, (nint)g, (nint)s, (nint)dg, (nint)ds);
            HostThreads.Run(gate.Length, Piece, threads, (start, count) =>
            {
                float* given = (float*)arrived + start, x = (float*)gates + start, y = (float*)from + start, first = (float*)toGate + start, second = (float*)toStates + start;
                var (lanes, one) = (Vector<float>.Count, Vector<float>.One);
                var i = 0;
                for (; i + lanes <= count; i += lanes)
                {
                    var (wide, back) = (Vector.Load(x + i), Vector.Load(given + i));
                    var sigmoid = one / (one + VectorMath.Exp(-wide));
                    Vector.Store(back * Vector.Load(y + i) * sigmoid * (one + (wide * (one - sigmoid))), first + i);
                    Vector.Store(back * wide * sigmoid, second + i);
                }

                for (; i < count; i++)
                {
                    var sigmoid = 1 / (1 + MathF.Exp(-x[i]));
                    (first[i], second[i]) = (given[i] * y[i] * sigmoid * (1 + (x[i] * (1 - sigmoid))), given[i] * x[i] * sigmoid);
                }
            });
        }
    }

    private static void RequireEqual(int count, params ReadOnlySpan<int> lengths)
    {
        foreach (var length in lengths)
        {
            if (length != count)
                throw new ArgumentException($"{length} numbers are not {count}.");
        }
    }
}
