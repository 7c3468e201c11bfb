namespace AdaLora.Injection;

/// <summary>What a saved adapter prescribes where the options of a new one would leave a choice.</summary>
/// <param name="Ranks">Triplets held, by module.</param>
/// <param name="Scales">Factor of the adapter's product, by module.</param>
/// <param name="TrainedModules">Full names of the modules that are trained in full.</param>
/// <param name="Materialised">Names of the layers and weights that hold the product of their adapter.</param>
internal sealed record Blueprint(IReadOnlyDictionary<string, int> Ranks, IReadOnlyDictionary<string, double> Scales, IReadOnlyList<string> TrainedModules,
    IReadOnlySet<string> Materialised);
