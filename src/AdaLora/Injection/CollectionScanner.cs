using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using AdaLora.Targeting;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>
/// Finds modules in the plain collections of one field. Writable arrays, lists and dictionaries can be updated; tuples, sets, read-only collections and
/// delegates (a stored <c>layer.forward</c>) cannot.
/// </summary>
internal sealed class CollectionScanner(ModuleNode owner, FieldInfo info)
{
    // A list of dictionaries of tuples is as deep as models go; the limit keeps self-containing collections from hanging the scan.
    private const int MaximumDepth = 3;

    public IEnumerable<CollectionReference> Scan(object value) => Scan(value, ReadableName.Of(info.Name), MaximumDepth);

    private IEnumerable<CollectionReference> Scan(object? value, string member, int depth) => value switch
    {
        _ when depth == 0 => [],
        Delegate function => function.GetInvocationList().SelectMany(call => Fixed(call.Target, member, depth, isForward: call.Method.Name == "forward")),
        ITuple tuple => Enumerable.Range(0, tuple.Length).SelectMany(i => Fixed(tuple[i], $"{member}.Item{i + 1}", depth)),
        string => [],
        IDictionary dictionary => ScanDictionary(dictionary, member, depth),
        IList list and not Array { Rank: > 1 } => ScanList(list, member, depth),
        IEnumerable sequence when value is Array || IsSystemCollection(value.GetType()) => Snapshot(sequence).SelectMany(item => Fixed(item, member, depth)),
        _ => [],
    };

    private IEnumerable<CollectionReference> ScanList(IList list, string member, int depth)
    {
        var held = ElementType(list.GetType(), typeof(IList<>), 0);
        if (held.IsPrimitive)
            yield break;

        var items = Snapshot(list);
        for (var i = 0; i < items.Length; i++)
        {
            var index = i;
            var found = items[i] is nn.Module
                ? [new(owner, info, $"{member}[{i}]", held, () => index < list.Count ? list[index] as nn.Module : null,
                    list.IsReadOnly ? null : module => list[index] = module)]
                : Scan(items[i], $"{member}[{i}]", depth - 1);
            foreach (var reference in found)
                yield return reference;
        }
    }

    private IEnumerable<CollectionReference> ScanDictionary(IDictionary dictionary, string member, int depth)
    {
        var held = ElementType(dictionary.GetType(), typeof(IDictionary<,>), 1);
        foreach (var key in Snapshot(dictionary.Keys).OfType<object>())
        {
            var place = $"{member}[{key}]";
            var found = dictionary[key] is nn.Module
                ? [new(owner, info, place, held, () => dictionary[key] as nn.Module, dictionary.IsReadOnly ? null : module => dictionary[key] = module)]
                : Scan(dictionary[key], place, depth - 1);
            foreach (var reference in found.Concat(Fixed(key, place, depth)))
                yield return reference;
        }
    }

    /// <summary>Modules in a place that cannot be written.</summary>
    private IEnumerable<CollectionReference> Fixed(object? item, string member, int depth, bool isForward = false) => item is nn.Module module
        ? [new(owner, info, member, typeof(object), () => module, null, isForward)]
        : Scan(item, member, depth - 1);

    private static object?[] Snapshot(IEnumerable sequence)
    {
        try
        {
            return [.. sequence.Cast<object?>()];
        }
        catch (InvalidOperationException)
        {
            // An ImmutableArray that was never assigned throws instead of being empty.
            return [];
        }
    }

    private static bool IsSystemCollection(Type type) => type.Namespace?.StartsWith("System.Collections", StringComparison.Ordinal) == true;

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "IList<> and IDictionary<,>, which are looked for, are used here and therefore kept on every type that has them.")]
    private static Type ElementType(Type collection, Type genericInterface, int argument) => collection.IsArray
        ? collection.GetElementType()!
        : collection.GetInterfaces().FirstOrDefault(type => type.IsGenericType && type.GetGenericTypeDefinition() == genericInterface)
            ?.GetGenericArguments()[argument] ?? typeof(object);
}
