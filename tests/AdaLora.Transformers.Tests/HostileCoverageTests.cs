using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;
using AdaLora.TestSupport;
using AdaLora.Transformers.Layers;
using Xunit;

namespace AdaLora.Transformers.Tests;

/// <summary>The program that makes wrong calls omits no public entry: what it calls is read from its compiled code.</summary>
public sealed class HostileCoverageTests
{
    private static readonly Assembly[] Packages = [typeof(AdaLoraModel).Assembly, typeof(TextEncoder).Assembly];

    /// <summary>Types of which every value is as good as any other, and what only listens.</summary>
    private static readonly Type[] Harmless =
        [typeof(bool), typeof(object), typeof(CancellationToken), typeof(System.Text.StringBuilder), typeof(Exception), typeof(Microsoft.Extensions.Logging.ILogger)];

    [Fact]
    public void Every_public_entry_that_can_be_given_something_wrong_is_called()
    {
        var called = CalledBy(Path.Combine(Path.GetDirectoryName(TestPrograms.PathOf("AdaLora.HostileTarget"))!, "AdaLora.HostileTarget.dll"));
        var entries = Packages.SelectMany(package => package.GetExportedTypes()).SelectMany(EntriesOf).ToList();

        Assert.True(entries.Count > 80, $"only {entries.Count} entries were found");
        var missing = entries.Where(entry => !called.Contains(entry)).Select(entry => $"{entry.DeclaringType!.FullName}.{entry}").Order(StringComparer.Ordinal).ToList();
        Assert.True(missing.Count == 0, $"AdaLora.HostileTarget has no call with bad arguments of:\n{string.Join('\n', missing)}");
    }

    private static HashSet<MethodBase> CalledBy(string program)
    {
        using var file = new PEReader(File.OpenRead(program));
        var metadata = file.GetMetadataReader();
        var module = Assembly.LoadFrom(program).ManifestModule;
        // Members of generic types cannot be named without their arguments; no entry is one.
        return [.. metadata.MemberReferences.Where(member => metadata.GetMemberReference(member).Parent.Kind == HandleKind.TypeReference)
            .Select(member => module.ResolveMember(MetadataTokens.GetToken(member))).OfType<MethodBase>()];
    }

    // Values of records and exceptions are checked by what takes them; forward is reached by call.
    private static IEnumerable<MethodBase> EntriesOf(Type type)
    {
        if (type.IsInterface || type.IsAssignableTo(typeof(Exception)) || type.IsAssignableTo(typeof(Delegate)))
            return [];
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        var methods = type.GetMethods(Declared).Where(method => method.GetBaseDefinition() == method && !method.Name.StartsWith("op_", StringComparison.Ordinal));
        var constructors = type.IsAbstract || IsRecord(type) ? [] : type.GetConstructors(Declared);
        return methods.Concat<MethodBase>(constructors).Where(m => !m.IsDefined(typeof(CompilerGeneratedAttribute)) && m.GetParameters().Any(p => !p.IsOut && !IsHarmless(p.ParameterType)));
    }

    private static bool IsRecord(Type type) => type.GetMethod("PrintMembers", BindingFlags.NonPublic | BindingFlags.Instance) is not null;

    private static bool IsHarmless(Type type) => Harmless.Contains(type) || type.IsEnum || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IProgress<>));
}
