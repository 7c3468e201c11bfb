using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Tasks;
using AdaLora.Injection;

namespace AdaLora.Experiments.Comparison;

/// <summary>The places of an encoder that can be compared: each kind of matrix in all layers, and all matrices of neighbouring layers.</summary>
internal sealed record AdapterPlaces(IReadOnlyList<AdapterPlace> Matrices, IReadOnlyList<AdapterPlace> LayerGroups)
{
    /// <summary>As in the paper, where 12 layers are compared three by three.</summary>
    private const int Groups = 4;

    private const int UsualRank = 16;

    /// <summary>The parameters of rank 16 on the smallest kind of matrix.</summary>
    public int UsualBudget => (int)(UsualRank * Matrices.Min(place => place.ParametersPerRank));

    /// <summary>Those of a model.</summary>
    public static AdapterPlaces Of(BaseModel model)
    {
        var sites = AdapterInjector.Find(model.Module, ModelParts.TargetsOf(model, [], [])).GetSitesOrThrow()
            .Select(site => (Name: ModuleName.Parse(site.Path), Cost: site.Projection.InFeatures + site.Projection.OutFeatures))
            .ToList();
        var layers = sites.Select(site => site.Name.Layer!.Value).Distinct().Order().ToList();
        // The end of the list's name, which is the same in a model with a different head, and in both stacks of one with a decoder.
        var list = model.StackNames[0].Split('.')[^1];
        return new AdapterPlaces(
            [.. sites.GroupBy(site => site.Name.Matrix).Select(kind => new AdapterPlace("weights", kind.Key, [$"**.{list}.*.{kind.Key}"], [], kind.Sum(site => site.Cost)))],
            [.. layers.Chunk((layers.Count + Groups - 1) / Groups).Select(group => new AdapterPlace(
                "layers", group.Length == 1 ? $"layer {group[0]}" : $"layers {group[0]}-{group[^1]}", [], group, sites.Where(site => group.Contains(site.Name.Layer!.Value)).Sum(site => site.Cost)))]);
    }
}
