namespace AdaLora.Injection;

/// <summary>Adapters could not be put into a model. The model is unchanged.</summary>
public sealed class InjectionException : Exception
{
    /// <summary>An exception with a message only.</summary>
    /// <param name="message">What went wrong and what to do.</param>
    /// <param name="innerException">What caused it, or null.</param>
    public InjectionException(string message, Exception? innerException = null)
        : base(message, innerException) => Refused = [];

    /// <summary>An exception that lists layers.</summary>
    /// <param name="refused">Every layer that cannot carry an adapter.</param>
    public InjectionException(IReadOnlyList<RefusedSite> refused)
        : base(Describe(refused)) => Refused = refused;

    /// <summary>The layers that cannot carry an adapter; empty when something else went wrong.</summary>
    public IReadOnlyList<RefusedSite> Refused { get; }

    private static string Describe(IReadOnlyList<RefusedSite> refused)
    {
        ArgumentNullException.ThrowIfNull(refused);
        var layers = refused.Select(site => site.Path).Distinct(StringComparer.Ordinal).Count();
        return $"""
            {layers} targeted {(layers == 1 ? "layer" : "layers")} cannot carry an adapter; the model is unchanged.
            {string.Join(Environment.NewLine, refused.Select(site => $"  {site}"))}
            Two ways out: where a declared type stands in the way, declare the field (or the list's elements) as torch.nn.Module<Tensor, Tensor> and run it with call();
            or leave the layer out of the targets, for instance with TargetModules.Excluding("{refused[0].Path}").
            """;
    }
}
