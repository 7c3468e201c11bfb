using System.Numerics;
using System.Runtime.InteropServices;
using AdaLora.Adapters.Dropout;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Adapters;

public sealed class FastDropoutTests
{
    private const int Count = 1_000_003;

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void The_rate_is_right_within_five_standard_errors(double rate)
    {
        var mask = Fill(rate, 42, 2);
        var dropped = mask.Count(m => m == 0) / (double)Count;
        Assert.InRange(dropped, rate - Error(rate), rate + Error(rate));
        Assert.Equal([0f, 3f], mask.Distinct().Order());
    }

    [Fact]
    public void The_mask_depends_on_neither_threads_nor_neighbours()
    {
        var one = Fill(0.3, 5, 1);
        Assert.Equal(one, Fill(0.3, 5, 2));
        Assert.Equal(one, Fill(0.3, 5, 7));
        var part = new float[70_001];
        CounterMask.Fill(part, 0.3, 3, 5, 1);
        Assert.Equal(one[..70_001], part);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(64)]
    [InlineData(384)]
    [InlineData(1 << 16)]
    public void Entries_at_a_distance_are_independent(int distance)
    {
        var mask = Fill(0.1, 9, 2);
        var both = Enumerable.Range(0, Count - distance).Count(i => mask[i] == 0 && mask[i + distance] == 0) / (double)(Count - distance);
        Assert.InRange(both, 0.01 - Error(0.01), 0.01 + Error(0.01));
    }

    /// <summary>The correlation of entries at a distance in standard deviations: the mean of its square over 100 keys is 1, with a standard deviation of 0.14, if they are independent.</summary>
    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    public void Over_many_keys_entries_at_a_distance_follow_each_other_as_often_as_chance_has_it(double rate)
    {
        const int Keys = 100, Entries = 1 << 18;
        int[] distances =
        [
            1, 2, 3, 8, 31, 64, 128, 255, 256, 257, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576, 1 << 15, 1 << 16, 98304,
        ];
        var squares = new double[distances.Length];
        var mask = new float[Entries];
        for (var key = 0UL; key < Keys; key++)
        {
            CounterMask.Fill(mask, rate, 1, SplitMix64.Mix(key + 1), 2);
            for (var i = 0; i < distances.Length; i++)
                squares[i] += Math.Pow(Correlation(mask, distances[i], rate), 2) / Keys;
        }

        Assert.All(distances.Zip(squares), pair => Assert.True(pair.Second is > 0.3 and < 1.7, $"distance {pair.First}: {pair.Second}"));
    }

    // The sum of products of deviations from the mean has the standard deviation sqrt(pairs) · rate · (1 - rate).
    private static double Correlation(float[] mask, int distance, double rate)
    {
        var pairs = mask.Length - distance;
        var firsts = MemoryMarshal.Cast<float, Vector<float>>(mask.AsSpan(0, pairs));
        var seconds = MemoryMarshal.Cast<float, Vector<float>>(mask.AsSpan(distance, pairs));
        var mean = new Vector<float>((float)(1 - rate));
        var sums = Vector<float>.Zero;
        for (var i = 0; i < firsts.Length; i++)
            sums += (firsts[i] - mean) * (seconds[i] - mean);
        return Vector.Sum(sums) / (Math.Sqrt(pairs) * rate * (1 - rate));
    }

    [Theory]
    [InlineData(1UL, 2UL)]
    [InlineData(1UL, 1UL << 32)]
    [InlineData(0UL, ulong.MaxValue)]
    public void Masks_of_different_keys_are_independent_also_when_shifted(ulong first, ulong second)
    {
        var (a, b) = (Fill(0.1, first, 2), Fill(0.1, second, 2));
        // Keys that differ in the lower half alone count from another place, so a drawn key always differs in both; see FastDropout.
        foreach (var shift in (int[])[0, 5, 1000])
        {
            var both = Enumerable.Range(0, Count - shift).Count(i => a[i] == 0 && b[i + shift] == 0) / (double)(Count - shift);
            Assert.InRange(both, 0.01 - Error(0.01), 0.01 + Error(0.01));
        }
    }

    [Fact]
    public void The_seed_of_torch_fixes_the_masks_and_each_call_draws_another()
    {
        using var scope = NewDisposeScope();
        var input = ones(100, 30);
        manual_seed(11);
        var (first, second) = (FastDropout.Apply(input, 0.5), FastDropout.Apply(input, 0.5));
        var state = get_rng_state();
        var third = FastDropout.Apply(input, 0.5);
        manual_seed(11);
        Assert.True(Same(FastDropout.Apply(input, 0.5), first));
        Assert.False(Same(second, first));
        set_rng_state(state);
        Assert.True(Same(FastDropout.Apply(input, 0.5), third));
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    public void Gradients_pass_where_entries_were_kept(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var input = rand(64, 50).add(1).to(dtype).requires_grad_();
        var output = FastDropout.Apply(input, 0.25);
        Assert.Equal(dtype, output.dtype);
        output.sum().backward();
        Assert.True(Same(input.grad!.eq(0), output.eq(0)));
        Assert.InRange(output.eq(0).sum().item<long>(), 600, 1000);
        Assert.True(Same(input.grad!.max(), tensor(1 / 0.75).to(dtype)));
    }

    [Fact]
    public void Rates_outside_of_the_range_are_refused_and_zero_changes_nothing()
    {
        using var scope = NewDisposeScope();
        var input = rand(5, 5);
        Assert.True(Same(FastDropout.Apply(input, 0), input));
        foreach (var rate in (double[])[-0.1, 1, double.NaN])
            Assert.Throws<ArgumentOutOfRangeException>(() => FastDropout.Apply(input, rate));
    }

    private static bool Same(Tensor a, Tensor b) => a.eq(b).all().item<bool>();

    private static float[] Fill(double rate, ulong key, int threads)
    {
        var mask = new float[Count];
        CounterMask.Fill(mask, rate, 3, key, threads);
        return mask;
    }

    private static double Error(double rate) => 5 * Math.Sqrt(rate * (1 - rate) / Count);
}
