using AdaLora.Adapters;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>A parameter, or a run of its rows, as a matrix of rows x the rest.</summary>
/// <param name="Slot">The parameter.</param>
/// <param name="Name">The part's name within the parameter; empty for all of it.</param>
/// <param name="Start">The first row.</param>
/// <param name="Rows">The number of rows.</param>
internal sealed record WeightPart(ParameterSlot Slot, string Name, long Start, long Rows)
{
    private static readonly string[] Projections = ["query", "key", "value"];

    /// <summary>The dotted name in the model.</summary>
    public string Path => Name.Length == 0 ? Slot.FullName : $"{Slot.FullName}.{Name}";

    /// <summary>The weight as one that can carry an adapter.</summary>
    public AdaptableLayer AsLayer() => new ParameterLayer(() => Slot.Parameter, Of);

    /// <summary>The part of a tensor with the parameter's shape.</summary>
    public Tensor Of(Tensor whole) => Name.Length == 0 ? whole : whole.narrow(0, Start, Rows);

    /// <summary>The matrices in a module's own parameters. The three projections that an attention layer packs into one are three.</summary>
    public static IEnumerable<WeightPart> In(ModuleNode node)
    {
        foreach (var (name, parameter) in node.Module.named_parameters(recurse: false).ToArray())
        {
            if (!IsMatrix(parameter))
                continue;
            var slot = new ParameterSlot(node.Module, name, node.Path.Length == 0 ? name : $"{node.Path}.{name}");
            var rows = parameter.size(0);
            var isPacked = name[(name.LastIndexOf('.') + 1)..] == "in_proj_weight" && rows == Projections.Length * parameter.size(1);
            IEnumerable<WeightPart> parts = isPacked
                ? Projections.Select((projection, i) => new WeightPart(slot, projection, i * parameter.size(1), parameter.size(1)))
                : [new(slot, "", 0, rows)];
            foreach (var part in parts)
                yield return part;
        }
    }

    // A row or a column gains nothing from two factors.
    private static bool IsMatrix(Tensor parameter) =>
        parameter.dim() >= 2 && parameter.is_floating_point() && parameter.size(0) > 1 && parameter.numel() > parameter.size(0);
}
