using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Peft;

/// <summary>Measures the stored factors of one matrix.</summary>
internal static class MatrixMeasurement
{
    /// <param name="module">The name of the matrix.</param>
    /// <param name="config">The adapter's configuration for it.</param>
    /// <param name="stored">In double precision: Q (rank, in), lambda (rank, 1) and P (out, rank), or A and B of plain LoRA.</param>
    public static InspectedMatrix Of(string module, SavedConfig config, IReadOnlyList<Tensor> stored)
    {
        using var scope = NewDisposeScope();
        // A convolution's factors also have the sizes of its kernel and of one pixel.
        var (right, lambda, left) = (stored[0].flatten(1), stored.Count == 3 ? stored[1] : null, stored[^1].flatten(1));
        var scale = config.ScaleOf(module);
        var scaled = right.Mul(scale);
        if (lambda is not null)
            scaled = scaled.mul(lambda);
        var values = Read(SingularTriplets.ValuesOf(scaled, left));
        var energy = values.Sum(v => v * v);
        // A list, because a literal 0 would be taken as an element type.
        var norms = Read(scaled.Square().sum([1]).mul(left.Square().sum([0])).sqrt());
        var lambdas = lambda is null ? null : Read(lambda.view(-1));
        return new InspectedMatrix
        {
            Name = module,
            OutFeatures = left.shape[0],
            InFeatures = right.shape[1],
            InitialRank = config.PatternOf(module).Count,
            Scale = scale,
            Triplets = [.. norms.Select((norm, i) => new InspectedTriplet(lambdas?[i], norm, energy > 0 ? norm * norm / energy : 0))],
            SingularValues = values,
            LeftError = lambda is null ? null : DistanceFromIdentity(left.t().mm(left)),
            RightError = lambda is null ? null : DistanceFromIdentity(right.mm(right.t())),
        };
    }

    private static double DistanceFromIdentity(Tensor gram) => HostRead.Scalar<double>(gram.sub(eye(gram.shape[0], dtype: gram.dtype)).norm());

    private static double[] Read(Tensor vector) => HostRead.Values<double>(vector);
}
