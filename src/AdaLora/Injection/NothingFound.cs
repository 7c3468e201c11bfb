using AdaLora.Adapters;
using AdaLora.Targeting;

namespace AdaLora.Injection;

/// <summary>Words the error message for targets that select nothing.</summary>
internal static class NothingFound
{
    private const int ListedLayers = 20;
    private const int ListedSuggestions = 5;

    public static string Describe(TargetModules targets, IReadOnlyList<ModuleNode> nodes, IReadOnlyList<RefusedSite> skipped)
    {
        var linear = nodes.Where(node => Projection.TryDescribe(node.Module, out _)).Select(node => ReadableName.Of(node.DisplayPath)).ToArray();
        var named = nodes.Where(node => AdapterKinds.Describe(node.Module) is { IsLinear: false })
            .Select(node => $"{ReadableName.Of(node.DisplayPath)} ({TypeNames.Of(node.Module.GetType())})").ToArray();
        var nearest = targets.Patterns.SelectMany(pattern => NearestNames.To(pattern.Text, linear, ListedSuggestions)).Distinct().Take(ListedSuggestions).ToArray();
        var others = nodes.Where(node => targets.Match(node.Path) > NameMatch.ByKind).ToArray();
        string[] lines =
        [
            $"The targets ({targets}) select no linear layer of the model.",
            .. others.Length == 0
                ? []
                : (string[])[$"They match, but are not linear layers: {List([.. others.Select(node => $"{ReadableName.Of(node.DisplayPath)} ({TypeNames.Of(node.Module.GetType())})")])}."],
            .. others.All(node => PackedModules.IsOfTorchSharp(node.Module)) ? [] : (string[])[$"To make your own layer adaptable, implement IProjection (docs/guide.md#layers-of-your-own)."],
            .. nearest.Length == 0 ? [] : (string[])[$"Did you mean {string.Join(", ", nearest)}?"],
            linear.Length == 0 ? "The model has no linear layers." : $"The model's linear layers: {List(linear)}.",
            .. named.Length == 0 ? [] : (string[])[$"Modules adapted only if the targets name them: {List(named)}."],
            .. skipped.Select(site => site.ToString()),
        ];
        return string.Join(Environment.NewLine, lines);
    }

    private static string List(string[] names) =>
        string.Join(", ", names.Take(ListedLayers)) + (names.Length > ListedLayers ? $" and {names.Length - ListedLayers} more" : "");
}
