using AdaLora.Internals.Cpu;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Internals;

public sealed class LowRankKernelTests
{
    private const float Scale = 1.5f;

    public static TheoryData<int, int, int> Sizes => new()
    {
        { 1, 1, 1 },
        { 3, 5, 2 },
        { 4, 16, 4 },
        { 7, 23, 3 },
        { 49, 24, 5 },
        { 50, 481, 12 },
        { 97, 1000, 13 },
        { 128, 1441, 8 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_weight_with_its_product_is_that_of_double_precision_whatever_the_number_of_threads(int rows, int columns, int rank)
    {
        using var scope = NewDisposeScope();
        var (weight, left, lambda, right) = Random(rows, columns, rank);
        var expected = weight.to(ScalarType.Float64) + (Scale * left.t().to(ScalarType.Float64).mul(lambda.to(ScalarType.Float64)).mm(right.to(ScalarType.Float64)));

        var first = Write(1);

        Assert.True(first.to(ScalarType.Float64).allclose(expected, rtol: 1e-5, atol: 1e-5));
        foreach (var threads in new[] { 2, 5 })
            Assert.True(Write(threads).eq(first).all().ToBoolean());

        Tensor Write(int threads)
        {
            var result = full([rows, columns], float.NaN);
            LowRankKernel.Write(HostMemory.Of(weight), Spans(left, lambda, right), Scale, HostMemory.Of(result), threads);
            return result;
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Gradients_are_those_of_autograd_in_double_precision_whatever_the_number_of_threads(int rows, int columns, int rank)
    {
        using var scope = NewDisposeScope();
        var (gradient, left, lambda, right) = Random(rows, columns, rank);
        var expected = Array.ConvertAll((Tensor[])[left, lambda, right], t => t.to(ScalarType.Float64).requires_grad_());
        (Scale * expected[0].t().mul(expected[1]).mm(expected[2])).backward([gradient.to(ScalarType.Float64)]);

        var first = Project(1);

        foreach (var (triplets, own) in expected.Zip(first))
            Assert.True(own.to(ScalarType.Float64).allclose(triplets.grad!, rtol: 1e-4, atol: 1e-3));
        foreach (var threads in new[] { 2, 5 })
            Assert.All(Project(threads).Zip(first), pair => Assert.True(pair.First.eq(pair.Second).all().ToBoolean()));

        Tensor[] Project(int threads)
        {
            Tensor[] results = [full_like(left, 2), full_like(lambda, 2), full_like(right, 2)];
            LowRankKernel.Project(HostMemory.Of(gradient), Spans(left, lambda, right), Scale, Spans(results[0], results[1], results[2]), threads);
            return Array.ConvertAll(results, result => result - 2);
        }
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => LowRankKernel.Write(new float[6], new TripletSpans(new float[2], new float[1], new float[3]), 1, new float[5], 1));
        Assert.Throws<ArgumentException>(() => LowRankKernel.Write(new float[7], new TripletSpans(new float[2], new float[1], new float[3]), 1, new float[6], 1));
        Assert.Throws<ArgumentException>(() => LowRankKernel.Write(new float[6], new TripletSpans(new float[4], new float[2], new float[5]), 1, new float[6], 1));
        Assert.Throws<ArgumentException>(() => LowRankKernel.Write([], new TripletSpans([], [], []), 1, [], 1));
        Assert.Throws<ArgumentException>(() => LowRankKernel.Project(
            new float[6], new TripletSpans(new float[2], new float[1], new float[3]), 1, new TripletSpans(new float[3], new float[1], new float[2]), 1));
        Assert.Throws<ArgumentException>("ofTriplets", () => LowRankKernel.Project(
            new float[12], new TripletSpans(new float[6], new float[2], new float[8]), 1, new TripletSpans(new float[3], new float[1], new float[4]), 1));
    }

    private static (Tensor Matrix, Tensor Left, Tensor Lambda, Tensor Right) Random(int rows, int columns, int rank)
    {
        manual_seed((rows * 1000) + columns);
        return (randn(rows, columns), randn(rank, rows), randn(rank), randn(rank, columns));
    }

    private static TripletSpans Spans(Tensor left, Tensor lambda, Tensor right) => new(HostMemory.Of(left), HostMemory.Of(lambda), HostMemory.Of(right));
}
