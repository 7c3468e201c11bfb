using System.Reflection;
using TorchSharp;

namespace AdaLora.TestSupport;

/// <summary>
/// Finds where a Scalar may be freed while libtorch reads it. TorchSharp passes on its handle only, so that a Scalar that nobody holds may be collected during the native call. Whether a
/// member of TorchSharp makes such a Scalar is read from its compiled code: it makes one itself, calls what does, or is a constructor of a type of which an override does.
/// </summary>
internal static class TemporaryScalars
{
    private static readonly Lazy<HashSet<MethodBase>> Found = new(Find);

    /// <summary>Whether a method of TorchSharp gives its caller a new Scalar, which the caller has to hold.</summary>
    public static bool Makes(MethodBase method) =>
        (method.DeclaringType == typeof(Scalar) && method.Name == "op_Implicit")
        || (method is MethodInfo { ReturnType: var result } && result == typeof(Scalar) && (method.DeclaringType == typeof(ScalarExtensionMethods) || method.DeclaringType == typeof(torch.Tensor)));

    /// <summary>Whether a method of TorchSharp passes on a Scalar of its own that nobody holds, so that no caller can use it safely.</summary>
    public static bool PassesOn(MethodBase method) => Found.Value.Contains(method);

    /// <summary>All methods that <see cref="PassesOn"/>.</summary>
    public static IReadOnlyCollection<MethodBase> All => Found.Value;

    /// <summary>What the methods of an assembly call that makes or passes on a Scalar, but for one type: "method: called".</summary>
    public static IReadOnlyList<string> UsesIn(Assembly assembly, Type? exempt = null) =>
    [
        .. CompiledCalls.MethodsOf(assembly).Where(method => method.DeclaringType != exempt)
            .SelectMany(method => CompiledCalls.Of(method).Where(called => (Makes(called) || PassesOn(called)) && !IsMendedBy(method, called))
                .Select(called => $"{method.DeclaringType!.FullName}.{method.Name}: {called.DeclaringType!.Name}.{called.Name}")),
    ];

    // A derived type may replace every override for which its base constructor is suspected; what it calls of the base type is another call.
    private static bool IsMendedBy(MethodBase caller, MethodBase called)
    {
        if (caller is not ConstructorInfo || called is not ConstructorInfo || !caller.DeclaringType!.IsSubclassOf(called.DeclaringType!)
            || CompiledCalls.Of(called).Any(inner => inner is MethodInfo && (Makes(inner) || PassesOn(inner))))
        {
            return false;
        }

        var replaced = CompiledCalls.MethodsOf(caller.DeclaringType!).OfType<MethodInfo>().Select(method => method.GetBaseDefinition()).ToHashSet();
        return CompiledCalls.MethodsOf(called.DeclaringType!).OfType<MethodInfo>().Where(method => method.IsVirtual && PassesOn(method)).All(method => replaced.Contains(method.GetBaseDefinition()));
    }

    private static HashSet<MethodBase> Find()
    {
        var types = typeof(torch).Assembly.GetTypes().Where(type => type != typeof(Scalar) && type != typeof(ScalarExtensionMethods)).ToList();
        var calls = types.SelectMany(CompiledCalls.MethodsOf).ToDictionary(method => method, method => CompiledCalls.Of(method).ToHashSet());
        var overrides = types.Where(type => !type.IsInterface).SelectMany(OverridesOf).ToList();
        var found = calls.Where(method => method.Value.Any(called => Makes(called) || called is ConstructorInfo { DeclaringType: var made } && made == typeof(Scalar)))
            .Select(method => method.Key).ToHashSet();
        for (var before = 0; before < found.Count;)
        {
            before = found.Count;
            found.UnionWith(calls.Where(method => method.Value.Overlaps(found)).Select(method => method.Key));
            found.UnionWith(overrides.Where(pair => found.Contains(pair.Override))
                .SelectMany(pair => CompiledCalls.MethodsOf(pair.Type).OfType<ConstructorInfo>().Where(constructor => !constructor.IsStatic)));
        }

        return found;
    }

    // What is reached through a base type or an interface, where its name does not show.
    private static IEnumerable<(Type Type, MethodBase Override)> OverridesOf(Type type)
    {
        var implementations = type.GetInterfaces().SelectMany(contract => type.GetInterfaceMap(contract).TargetMethods).Where(method => method.DeclaringType == type);
        return CompiledCalls.MethodsOf(type).OfType<MethodInfo>().Where(method => method.IsVirtual && method.GetBaseDefinition() != method).Concat(implementations).Distinct()
            .Select(method => (type, (MethodBase)method));
    }
}
