using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>Collects every place in a model that refers to a module: registries, containers, fields, and collections in fields.</summary>
internal static class ReferenceScanner
{
    private const BindingFlags DeclaredInstanceFields = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>The places that refer to each module, by reference, in node order. Adapters are not searched.</summary>
    public static ILookup<nn.Module, ModuleReference> Scan(IEnumerable<ModuleNode> nodes) => nodes
        .Where(node => node.BaseLayer is null)
        .DistinctBy(node => node.Module, ModuleIdentity)
        .SelectMany(ReferencesIn)
        .Where(reference => reference.Read() is not null)
        .ToLookup(reference => reference.Read()!, ModuleIdentity);

    private static IEqualityComparer<nn.Module> ModuleIdentity => ReferenceEqualityComparer.Instance;

    /// <summary>All places in one module.</summary>
    public static IEnumerable<ModuleReference> ReferencesIn(ModuleNode owner)
    {
        IEnumerable<ModuleReference> slots = ContainerSlots.Of(owner.Module) is { } found
            ? Enumerable.Range(0, found.Count).Select(i => new SlotReference(owner, found, i))
            : [];
        return slots.Concat(FieldsOf(owner)).Concat(RegistryReference.In(owner));
    }

    /// <summary>
    /// GetFields omits the private fields of base classes, hence the walk; it ends at TorchSharp's own classes, whose lists are known as slots and
    /// registries.
    /// </summary>
    [UnconditionalSuppressMessage("Trimming", "IL2075",
        Justification = "A field that holds a module is stored to by code, so that trimming keeps it. Compiling ahead of time drops its name: then TorchSharp cannot register the module either.")]
    private static IEnumerable<ModuleReference> FieldsOf(ModuleNode owner)
    {
        for (var type = owner.Module.GetType(); type is not null && type.Assembly != typeof(nn.Module).Assembly; type = type.BaseType)
        {
            foreach (var field in type.GetFields(DeclaredInstanceFields))
            {
                var references = field.GetValue(owner.Module) switch
                {
                    nn.Module => [new FieldReference(owner, field)],
                    { } value => new CollectionScanner(owner, field).Scan(value),
                    null => Enumerable.Empty<ModuleReference>(),
                };
                foreach (var reference in references)
                    yield return reference;
            }
        }
    }
}
