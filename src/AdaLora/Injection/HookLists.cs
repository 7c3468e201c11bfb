using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>The hooks of a module, which TorchSharp does not show.</summary>
internal static class HookLists
{
    /// <summary>The module's collections of hooks, as they are from now on; none if they are not known.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "Without these fields no hook counts as alone, and no module as free of hooks: both are the slower way, with the same result.")]
    public static IReadOnlyList<ICollection> Of(nn.Module module)
    {
        const BindingFlags declared = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly;
        var lists = new List<ICollection>();
        for (var type = module.GetType(); type is not null; type = type.BaseType)
        {
            foreach (var field in type.GetFields(declared).Where(field => type.Name.StartsWith("HookableModule", StringComparison.Ordinal)))
            {
                if (field.GetValue(module) is ICollection hooks)
                    lists.Add(hooks);
            }
        }

        return lists;
    }

    /// <summary>Whether the module is known to have no hooks.</summary>
    public static bool AreEmpty(nn.Module module) => Of(module) is { Count: > 0 } lists && lists.All(list => list.Count == 0);
}
