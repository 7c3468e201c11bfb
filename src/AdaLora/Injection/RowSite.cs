using AdaLora.Internals.Cpu;
using AdaLora.Targeting;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>Rows of a table of embeddings that are to be trained.</summary>
/// <param name="Name">The dotted name of the table's module.</param>
/// <param name="Rows">The rows, each once.</param>
/// <param name="Slots">The parameters that have the table's memory, its own first.</param>
internal sealed record RowSite(string Name, IReadOnlyList<long> Rows, IReadOnlyList<TensorSlot> Slots)
{
    /// <summary>The name under which PEFT stores the rows, after its prefix.</summary>
    public string TrainedName => Name + ".token_adapter.trainable_tokens_delta";

    /// <summary>The number of entries of the rows.</summary>
    public long Entries => Rows.Count * Slots[0].Value.size(1);

    /// <summary>Finds the tables that are named. Nothing is changed.</summary>
    /// <param name="model">The model.</param>
    /// <param name="wanted">Full names or suffixes of embeddings, with the rows of each.</param>
    /// <param name="sites">The layers that will carry adapters.</param>
    /// <param name="trained">The parameters that are trained in full.</param>
    /// <exception cref="ArgumentException">A name or row does not fit the model, or the table is trained otherwise; all problems are listed.</exception>
    public static IReadOnlyList<RowSite> Find(
        nn.Module model, IReadOnlyDictionary<string, IReadOnlyList<long>> wanted, IReadOnlyList<InjectionSite> sites, IEnumerable<Tensor> trained)
    {
        if (wanted.Count == 0)
            return [];
        using var scope = NewDisposeScope();
        var tables = ModuleNode.WalkOriginal(model).Where(node => node.Module is Embedding).DistinctBy(node => node.Module, (IEqualityComparer<nn.Module>)ReferenceEqualityComparer.Instance).ToList();
        var weights = new WeightSlots(model);
        var (found, problems) = (new List<RowSite>(), new List<string>());
        foreach (var (name, rows) in wanted)
        {
            var matching = tables.Where(node => node.Path == name || node.Path.EndsWith("." + name, StringComparison.Ordinal)).ToList();
            if (matching.Count != 1)
                problems.Add(matching.Count == 0 ? $"the model has no Embedding '{name}'{Nearest(name, tables)}" : $"'{name}' is {string.Join(" and ", matching.Select(node => $"'{node.Path}'"))}");
            else if (FaultOf(matching[0]) is { } fault)
                problems.Add($"'{matching[0].Path}' {fault}");

            string? FaultOf(ModuleNode node)
            {
                var table = ((Embedding)node.Module).weight!;
                if (rows.Count == 0 || rows.Distinct().Count() != rows.Count || rows.Any(row => row < 0 || row >= table.size(0)))
                    return $"has the rows 0 to {table.size(0) - 1}; those to train must be among them, each once, and at least one";
                if (weights.Find(table, out var slots, out _) is { } reason)
                    return $"cannot be trained in part: {reason}";
                if (sites.FirstOrDefault(site => (site.IsMaterialized || site.Adaptable.IsTable) && MemoryRange.IsShared(site.Adaptable.Weight, table)) is { } site)
                    return $"carries an adapter ('{site.Path}')";
                if (trained.Any(parameter => MemoryRange.IsShared(parameter, table)))
                    return "is trained in full";
                found.Add(new RowSite(node.Path, [.. rows], slots));
                return null;
            }
        }

        return problems.Count == 0 ? found : throw new ArgumentException($"The rows to train do not fit the model: {string.Join("; ", problems)}.");
    }

    private static string Nearest(string name, IReadOnlyList<ModuleNode> tables) =>
        NearestNames.To(name, tables.Select(node => node.Path), 3) is { Count: > 0 } nearest ? $"; it has {string.Join(", ", nearest)}" : "";
}
