using AdaLora.Adapters;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>A parameter, or a run of its rows, or a module's only matrix if that is a buffer, as a matrix of rows x the rest.</summary>
/// <param name="Slot">The parameter or buffer.</param>
/// <param name="Name">The part's name within the parameter; empty for all of it.</param>
/// <param name="Start">The first row.</param>
/// <param name="Rows">The number of rows.</param>
internal sealed record WeightPart(TensorSlot Slot, string Name, long Start, long Rows)
{
    private static readonly string[] Projections = ["query", "key", "value"];

    /// <summary>The dotted name in the model.</summary>
    public string Path => Name.Length == 0 ? Slot.FullName : $"{Slot.FullName}.{Name}";

    /// <summary>The weight as one that can carry an adapter.</summary>
    public AdaptableLayer AsLayer() => new ParameterLayer(() => Slot.Value, Of);

    /// <summary>The part of a tensor with the parameter's shape.</summary>
    public Tensor Of(Tensor whole) => Name.Length == 0 ? whole : whole.narrow(0, Start, Rows);

    /// <summary>
    /// The matrices in a module's own parameters. The three projections that an attention layer packs into one are three. A buffer counts only if it is the only matrix of a module without
    /// others below it: elsewhere buffers are masks, positions and statistics.
    /// </summary>
    public static IEnumerable<WeightPart> In(ModuleNode node)
    {
        var matrices = TensorSlot.In(node).Where(slot => IsMatrix(slot.Value)).ToList();
        var isAlone = matrices.Count == 1 && !node.Module.named_children().Any();
        foreach (var slot in matrices.Where(slot => !slot.IsBuffer || isAlone))
        {
            var (rows, columns) = (slot.Value.size(0), slot.Value.size(1));
            var isPacked = slot.FullName[(slot.FullName.LastIndexOf('.') + 1)..] == "in_proj_weight" && rows == Projections.Length * columns;
            IEnumerable<WeightPart> parts = isPacked
                ? Projections.Select((projection, i) => new WeightPart(slot, projection, i * columns, columns))
                : [new(slot, "", 0, rows)];
            foreach (var part in parts)
                yield return part;
        }
    }

    // A row or a column gains nothing from two factors.
    private static bool IsMatrix(Tensor parameter) =>
        parameter.dim() >= 2 && parameter.is_floating_point() && parameter.size(0) > 1 && parameter.numel() > parameter.size(0);
}
