using AdaLora.Internals.Cpu;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Internals;

public sealed class FewRowsTests
{
    [Theory]
    [InlineData(1, 1, 1, true)]
    [InlineData(1, 37, 5, false)]
    [InlineData(2, 64, 33, true)]
    [InlineData(4, 100, 7, false)]
    [InlineData(5, 513, 300, true)]
    [InlineData(8, 1376, 512, true)]
    public void Products_are_those_of_libtorch_whatever_the_number_of_threads(int count, int inputs, int outputs, bool hasBias)
    {
        using var scope = NewDisposeScope();
        var (rows, matrix, bias) = (randn(count, inputs), randn(outputs, inputs), hasBias ? randn(outputs) : null);
        var first = Multiply(rows, matrix, bias, threads: 1);
        Assert.True(first.allclose(nn.functional.linear(rows, matrix, bias), rtol: 1e-4, atol: 1e-4));
        foreach (var threads in new[] { 2, 5 })
            Assert.True(Multiply(rows, matrix, bias, threads).eq(first).all().ToBoolean());
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>("matrix", () => FewRows.Multiply(new float[6], new float[13], [], new float[8], 2, 1));
        Assert.Throws<ArgumentException>("matrix", () => FewRows.Multiply(new float[6], new float[12], new float[3], new float[8], 2, 1));
        Assert.Throws<ArgumentOutOfRangeException>("count", () => FewRows.Multiply(new float[6], new float[12], [], new float[8], 0, 1));
    }

    private static Tensor Multiply(Tensor rows, Tensor matrix, Tensor? bias, int threads)
    {
        var result = full([rows.shape[0], matrix.shape[0]], float.NaN);
        FewRows.Multiply(HostMemory.Of(rows), HostMemory.Of(matrix), bias is null ? [] : HostMemory.Of(bias), HostMemory.Of(result), (int)rows.shape[0], threads);
        return result;
    }
}
