using AdaLora.Internals.Cpu;
using Xunit;

namespace AdaLora.Tests.Internals;

/// <summary>The kernels under layers of AdaLora.Transformers: the same bits for any number of threads, and for a row whatever is beside it.</summary>
public sealed class RowKernelTests
{
    private const int Rows = 600, Size = 77, Heads = 3, HeadSize = 20, Rotated = 12;

    public static TheoryData<string> Names => [.. Kernels.Keys];

    private delegate float[] Kernel(float[] input, int rows, int threads);

    private static readonly Dictionary<string, (int Width, Kernel Run)> Kernels = new(StringComparer.Ordinal)
    {
        ["norm"] = (Size, Norm),
        ["gradient of the norm"] = (Size, GradientOfNorm),
        ["rotary positions"] = (Heads * HeadSize, (input, _, threads) => Turn(input, isBackward: false, threads)),
        ["gradient of rotary positions"] = (Heads * HeadSize, (input, _, threads) => Turn(input, isBackward: true, threads)),
        ["gate"] = (Size, Gate),
        ["gradients of the gate"] = (Size, GradientsOfGate),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void The_number_of_threads_changes_nothing(string name)
    {
        var (width, run) = Kernels[name];
        var input = Some(Rows * width, 3);
        var expected = run(input, Rows, 1);
        Assert.All(expected, x => Assert.True(float.IsFinite(x)));
        foreach (var threads in (int[])[2, 5])
            Assert.Equal(expected, run(input, Rows, threads));
    }

    [Theory]
    [InlineData("norm")]
    [InlineData("gradient of the norm")]
    [InlineData("rotary positions")]
    [InlineData("gradient of rotary positions")]
    public void A_row_is_the_same_alone(string name)
    {
        var (width, run) = Kernels[name];
        var input = Some(Rows * width, 3);
        Assert.Equal(run(input, Rows, 2)[(7 * width)..(8 * width)], run(input[(7 * width)..(8 * width)], 1, 1));
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_refused()
    {
        float[] six = new float[6], seven = new float[7], two = new float[2];
        Assert.Throws<ArgumentException>(() => RmsNormKernel.Forward(seven, new float[3], 0, 0, six, two, 1));
        Assert.Throws<ArgumentException>(() => RmsNormKernel.Backward(six, six, new float[3], 0, two, seven, 1));
        Assert.Throws<ArgumentException>(() => RotaryKernel.Turn(six, two, two, isBackward: false, seven, (1, 3, 2), 1));
        Assert.Throws<ArgumentException>(() => RotaryKernel.Turn(six, two, seven, isBackward: false, six, (1, 3, 2), 1));
        Assert.Throws<ArgumentException>(() => RotaryKernel.Turn(six, new float[4], new float[4], isBackward: false, six, (1, 3, 4), 1));
        Assert.Throws<ArgumentException>(() => GateKernel.Forward(six, seven, six, 1));
        Assert.Throws<ArgumentException>(() => GateKernel.Backward(six, six, six, six, seven, 1));
    }

    [Fact]
    public void Exponentials_are_those_of_the_platform_to_a_few_units_in_the_last_place()
    {
        var lanes = System.Numerics.Vector<float>.Count;
        for (var x = -87f; x < 88; x += 0.0137f * lanes)
        {
            var exponents = Enumerable.Range(0, lanes).Select(i => x + (0.0137f * i)).ToArray();
            var found = VectorMath.Exp(new System.Numerics.Vector<float>(exponents));
            for (var i = 0; i < lanes; i++)
                Assert.Equal(1, found[i] / Math.Exp(exponents[i]), 4e-7);
        }
    }

    private static float[] Norm(float[] input, int rows, int threads)
    {
        var (result, inverses) = (new float[input.Length], new float[rows]);
        RmsNormKernel.Forward(input, Some(Size), 0.5f, 1e-5, result, inverses, threads);
        return result;
    }

    private static float[] GradientOfNorm(float[] input, int rows, int threads)
    {
        var result = new float[input.Length];
        RmsNormKernel.Backward(input, [.. input.Select(x => x - 1)], Some(Size), 0.5f, [.. Enumerable.Repeat(0.7f, rows)], result, threads);
        return result;
    }

    private static float[] Turn(float[] input, bool isBackward, int threads)
    {
        var result = new float[input.Length];
        RotaryKernel.Turn(input, Some(Rotated), Some(Rotated, 5), isBackward, result, (Heads, HeadSize, Rotated), threads);
        return result;
    }

    private static float[] Gate(float[] input, int rows, int threads)
    {
        var result = new float[input.Length];
        GateKernel.Forward(input, [.. input.Select(x => x - 1)], result, threads);
        return result;
    }

    private static float[] GradientsOfGate(float[] input, int rows, int threads)
    {
        var (first, second) = (new float[input.Length], new float[input.Length]);
        GateKernel.Backward(input, [.. input.Select(x => x - 1)], [.. input.Select(x => x + 2)], first, second, threads);
        return [.. first.Zip(second, (a, b) => a + b)];
    }

    private static float[] Some(int count, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 4) - 2))];
    }
}
