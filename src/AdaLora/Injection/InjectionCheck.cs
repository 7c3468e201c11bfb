using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>Checks a model after the replacement as if it had never been seen before.</summary>
internal static class InjectionCheck
{
    /// <exception cref="InjectionException">A path does not lead to its adapter, or a replaced layer is still referenced.</exception>
    public static void Verify(nn.Module model, IReadOnlyList<Placement> placements)
    {
        var nodes = ModuleNode.Walk(model);
        var modules = nodes.ToLookup(node => node.Path, node => node.Module);
        var references = ReferenceScanner.Scan(nodes);
        foreach (var replacement in placements.OfType<Replacement>())
        {
            var site = replacement.Site;
            foreach (var path in site.Aliases.Prepend(site.Path))
            {
                if (!modules[path].Contains(replacement.Adapter))
                    throw Failure(site, $"the model still returns another module for {path}");
            }

            if (!replacement.IsInPlace)
                throw Failure(site, "a field or slot does not return what was put into it");

            if (references[site.Layer].FirstOrDefault() is { } left)
                throw Failure(site, $"{TypeNames.Of(left.DeclaringType)}.{left.Member} still refers to the layer itself");
        }
    }

    private static InjectionException Failure(InjectionSite site, string what) => new($"The adapter of {site} did not take its place: {what}. The model is unchanged.");
}
