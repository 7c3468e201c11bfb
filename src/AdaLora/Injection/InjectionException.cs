using AdaLora.Targeting;

namespace AdaLora.Injection;

/// <summary>Adapters could not be put into a model. The model is unchanged.</summary>
public sealed class InjectionException : Exception
{
    /// <summary>An exception with a message only.</summary>
    /// <param name="message">What went wrong and what to do.</param>
    /// <param name="innerException">What caused it, or null.</param>
    public InjectionException(string message, Exception? innerException = null)
        : base(message, innerException) => Refused = [];

    internal InjectionException(IReadOnlyList<RefusedSite> refused)
        : base(Describe(refused)) => Refused = refused;

    /// <summary>The layers that cannot carry an adapter; empty if something else went wrong.</summary>
    public IReadOnlyList<RefusedSite> Refused { get; }

    private static string Describe(IReadOnlyList<RefusedSite> refused)
    {
        ArgumentNullException.ThrowIfNull(refused);
        var layers = refused.Select(site => site.Path).Distinct(StringComparer.Ordinal).Count();
        string[] lines =
        [
            $"{layers} targeted {(layers == 1 ? "layer" : "layers")} cannot carry an adapter; the model is unchanged.",
            .. refused.Select(site => $"  {site}"),
            .. WaysOut(refused),
        ];
        return string.Join(Environment.NewLine, lines);
    }

    private static IEnumerable<string> WaysOut(IReadOnlyList<RefusedSite> refused)
    {
        if (refused.Any(site => site.MemberType is not null))
            yield return "Where a declared type stands in the way, declare the field (or the list's elements) as torch.nn.Module<Tensor, Tensor> and run it with call().";
        if (refused.FirstOrDefault(site => site.Path != ModuleNode.RootName) is { } inside)
            yield return $"To leave a layer as it is, exclude it from the targets, for instance with TargetModules.Excluding(\"{ReadableName.Of(inside.Path)}\").";
    }
}
