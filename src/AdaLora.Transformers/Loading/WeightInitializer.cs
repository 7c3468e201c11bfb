using AdaLora.Internals;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Loading;

/// <summary>First values of weights: matrices normal, biases 0, norms 1 and 0, the padding token's embedding 0.</summary>
internal static class WeightInitializer
{
    /// <param name="model">The model.</param>
    /// <param name="seed">Seeds the values; null draws from TorchSharp's global generator.</param>
    /// <param name="names">The parameters to initialise, or null for all.</param>
    public static void Initialize(PretrainedModel model, long? seed, IReadOnlySet<string>? names = null)
    {
        if (names is { Count: 0 })
            return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var generator = seed is { } value ? new Generator((ulong)value) : null;
        var norms = model.named_modules().Where(child => child.module is LayerNorm or INorm)
            .ToDictionary(child => $"{child.name}.weight", child => (child.module as INorm)?.FirstWeight ?? 1, StringComparer.Ordinal);
        foreach (var (name, parameter) in model.named_parameters())
        {
            // A tensor without memory, as in a model made to count parameters, has no values.
            if (names?.Contains(name) == false || parameter.device_type == TorchSharp.DeviceType.META)
                continue;
            if (parameter.dim() < 2)
                _ = parameter.FillInPlace(norms.GetValueOrDefault(name));
            else
                Draw(model, name, parameter, generator);
        }
        generator?.Dispose();
    }

    private static void Draw(PretrainedModel model, string name, Parameter parameter, Generator? generator)
    {
        // In single precision, so that a seed gives the same values, rounded, in half precision.
        if (parameter.dtype is ScalarType.Float16 or ScalarType.BFloat16)
        {
            using var drawn = empty(parameter.shape, ScalarType.Float32, parameter.device);
            _ = parameter.copy_(drawn.normal_(0, model.FirstDeviation(name), generator));
        }
        else
        {
            _ = parameter.normal_(0, model.FirstDeviation(name), generator);
        }

        if (model.PaddingRow(name) is { } row)
            _ = parameter[row].zero_();
    }
}
