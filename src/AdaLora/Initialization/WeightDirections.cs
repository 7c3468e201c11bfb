using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Initialization;

/// <summary>The principal directions of the weights.</summary>
internal sealed class WeightDirections : IStartingPoint
{
    public StartingTriplets Find(nn.Module model, IReadOnlyList<StartingLayer> layers)
    {
        using var noGrad = no_grad();
        var (left, right) = (new Dictionary<string, Tensor>(StringComparer.Ordinal), new Dictionary<string, Tensor>(StringComparer.Ordinal));
        foreach (var layer in layers.Where(l => l.Rank > 0))
        {
            if (layer.Layer.OnlyHooked is { } reason)
                throw new ArgumentException($"'{layer.Name}' has no principal directions to start from: {reason}. Choose another initialisation, or exclude the layer.");
            var weight = HostRead.Copy(layer.Layer.AsMatrix(layer.Layer.Weight));
            var matrix = weight.dtype == ScalarType.Float64 ? weight : weight.to(ScalarType.Float32);
            if (!HostRead.Scalar<bool>(matrix.isfinite().all()))
                throw new ArgumentException($"The weight of '{layer.Name}' has entries that are not finite; it has no principal directions to start from. Choose another initialisation, or exclude the layer.");
            var directions = PrincipalDirections.Of(matrix, layer.Rank);
            left[layer.Name] = directions.Left;
            right[layer.Name] = directions.Right;
        }

        return new StartingTriplets(null, left, right);
    }
}
