using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters.FrozenWeights;

/// <summary>
/// A weight as integers from -127 to 127 with one scale per output feature: W = diag(scales) values, off by at most half a scale, a 254th of the row's largest entry. Products are computed
/// with slices of a few rows, each converted to floating point just before: this takes a fraction of the memory of a dense copy, and is correct on every device.
/// </summary>
/// <param name="values">(out, in), int8.</param>
/// <param name="scales">(out, 1), in the element type of the triplets.</param>
/// <param name="dtype">The element type of the products.</param>
internal sealed class Int8Form(Tensor values, Tensor scales, ScalarType dtype) : WeightForm
{
    private const double Largest = 127;

    /// <summary>Entries per slice, 16 MB in single precision: large enough for products at full speed.</summary>
    private const long SliceEntries = 1 << 22;

    public override IReadOnlyList<Tensor> Tensors => [values, scales];

    public override ScalarType Dtype => dtype;

    /// <summary>Rounds to the nearest numbers of this form. A row with a non-finite entry gets a non-finite scale, so that everything computed with it shows it.</summary>
    /// <param name="weight">(out, in), floating point.</param>
    public static Int8Form Of(Tensor weight)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var precision = weight.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        var values = empty(weight.shape, dtype: ScalarType.Int8, device: weight.device);
        var scales = empty(weight.shape[0], 1, dtype: precision, device: weight.device);
        foreach (var (start, count) in Slices(weight.shape))
        {
            using var slice = NewDisposeScope();
            var rows = weight.detach().narrow(0, start, count).to(precision);
            var scale = rows.abs().amax([1], keepdim: true).Div(Largest);
            scales.narrow(0, start, count).copy_(scale);
            // A row of zeros has no scale to divide by.
            values.narrow(0, start, count).copy_(rows.div(scale.MaskedFill(scale.Eq(0), 1)).round().nan_to_num(0));
        }

        return new Int8Form(values.MoveToOuterDisposeScope(), scales.MoveToOuterDisposeScope(), weight.dtype);
    }

    public override WeightForm Over(IReadOnlyList<Tensor> tensors) => new Int8Form(tensors[0], tensors[1], dtype);

    public override Tensor Linear(Tensor rows, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var parts = Slices(values.shape).Select(s => RowProducts.Linear(rows, Slice(s.Start, s.Count), bias?.narrow(0, s.Start, s.Count))).ToList();
        return (parts.Count == 1 ? parts[0] : cat(parts, 1)).MoveToOuterDisposeScope();
    }

    public override Tensor Multiply(Tensor rows)
    {
        using var scope = NewDisposeScope();
        Tensor? sum = null;
        foreach (var (start, count) in Slices(values.shape))
        {
            using var slice = NewDisposeScope();
            var part = RowProducts.Multiply(rows.narrow(1, start, count), Slice(start, count));
            sum = sum is null ? part.MoveToOuterDisposeScope() : sum.AddInPlace(part);
        }

        return sum!.MoveToOuterDisposeScope();
    }

    public override Tensor Dense()
    {
        using var scope = NewDisposeScope();
        return Slice(0, values.shape[0]).MoveToOuterDisposeScope();
    }

    private Tensor Slice(long start, long count)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return values.narrow(0, start, count).to(scales.dtype).mul_(scales.narrow(0, start, count)).to(dtype).MoveToOuterDisposeScope();
    }

    private static IEnumerable<(long Start, long Count)> Slices(long[] shape)
    {
        var rows = Math.Max(1, SliceEntries / Math.Max(1, shape[1]));
        for (var start = 0L; start < shape[0] || start == 0; start += rows)
            yield return (start, Math.Min(rows, shape[0] - start));
    }
}
