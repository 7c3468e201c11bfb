using System.Diagnostics.CodeAnalysis;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>Recognises adaptable layers.</summary>
internal static class Projection
{
    /// <summary>Describes a module as a linear map, if it is one.</summary>
    /// <param name="module">Any module.</param>
    /// <param name="projection">Its description, which follows the module when its parameters are replaced; null if it is not a linear map.</param>
    /// <returns>True for <see cref="Linear"/> and for every tensor-to-tensor module that implements <see cref="IProjection"/>.</returns>
    public static bool TryDescribe(nn.Module module, [NotNullWhen(true)] out IProjection? projection)
    {
        ArgumentNullException.ThrowIfNull(module);
        projection = module switch
        {
            Linear linear => new LinearProjection(linear),
            nn.Module<Tensor, Tensor> and IProjection own => own,
            _ => null,
        };
        return projection is not null;
    }

    /// <summary>Whether the weight is quantised to whole numbers, of which only the layer itself knows what they stand for.</summary>
    internal static bool HasWholeNumbers(IProjection projection) =>
        projection.Weight.dtype is ScalarType.Byte or ScalarType.Int8 or ScalarType.Int16 or ScalarType.Int32 or ScalarType.Int64;

    /// <summary>Why an adapter cannot be added to this projection, or null if it can.</summary>
    internal static string? FindFault(IProjection projection)
    {
        var weight = projection.Weight;
        var shape = string.Join(" x ", weight.shape);
        if (weight.dim() != 2)
            return $"its weight has {weight.dim()} dimensions ({shape}) instead of 2";

        if (!weight.is_floating_point() && !HasWholeNumbers(projection))
            return $"its weight is of type {weight.dtype}, which is not floating point";

        var (rows, columns) = projection.WeightIsTransposed
            ? (projection.InFeatures, projection.OutFeatures)
            : (projection.OutFeatures, projection.InFeatures);
        return weight.shape[0] == rows && weight.shape[1] == columns
            ? null
            : $"its weight is {shape}, but its features require {rows} x {columns}";
    }
}
