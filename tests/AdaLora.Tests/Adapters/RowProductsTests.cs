using AdaLora.Adapters;
using AdaLora.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Adapters;

/// <summary>Products of rows with a matrix are the same with either library, also on processors on which oneDNN is not chosen.</summary>
public sealed class RowProductsTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(5, 3, 7)]
    [InlineData(64, 65, 130)]
    [InlineData(70, 12, 384)]
    [InlineData(333, 257, 129)]
    [InlineData(2048, 384, 96)]
    public void Convolutions_with_one_pixel_are_products(int rows, int outputs, int inputs)
    {
        using var scope = NewDisposeScope();
        manual_seed(rows);
        var (x, y, weight, bias) = (randn(rows, inputs), randn(rows, outputs), randn(outputs, inputs), randn(outputs));

        Close(x.to(float64).mm(weight.t().to(float64)) + bias, RowProducts.Convolve(x, weight, bias));
        Close(x.to(float64).mm(weight.t().to(float64)), RowProducts.Convolve(x, weight, null));
        Close(y.to(float64).mm(weight.to(float64)), RowProducts.ConvolveTransposed(y, weight));
    }

    // Large and small enough for each way, rows that are not contiguous in memory, a matrix that is a transposed view, and both precisions.
    [Theory]
    [InlineData(3, 384, 384, ScalarType.Float32)]
    [InlineData(100, 384, 384, ScalarType.Float32)]
    [InlineData(512, 12, 1536, ScalarType.Float32)]
    [InlineData(100, 64, 48, ScalarType.Float64)]
    [InlineData(100, 384, 384, ScalarType.BFloat16)]
    [InlineData(96, 64, 48, ScalarType.BFloat16)]
    public void Products_are_those_of_double_precision(int rows, int outputs, int inputs, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        manual_seed(rows);
        foreach (var isApart in (bool[])[false, true])
        {
            Tensor Matrix(int height, int width) => isApart ? randn(width, height).to(dtype).t() : randn(height, width).to(dtype);
            var (x, y, weight, bias) = (Matrix(rows, inputs), Matrix(rows, outputs), Matrix(outputs, inputs), randn(outputs).to(dtype));

            Close(x.to(float64).mm(weight.t().to(float64)) + bias.to(float64), RowProducts.Linear(x, weight, bias));
            Close(y.to(float64).mm(weight.to(float64)), RowProducts.Multiply(y, weight));
        }
    }

    private static void Close(Tensor expected, Tensor actual)
    {
        var precision = actual.dtype == ScalarType.BFloat16 ? 1e-2 : 1e-6;
        Assert.Equal(expected.shape, actual.shape);
        Assert.True(actual.is_contiguous());
        TensorAssert.Close(expected, actual, precision);
    }
}
