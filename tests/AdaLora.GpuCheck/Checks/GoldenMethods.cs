using System.Collections;
using System.Reflection;
using Xunit;

namespace AdaLora.GpuCheck;

/// <summary>A test method and the cases that it names.</summary>
internal sealed class GoldenMethods
{
    private readonly MethodInfo _method;

    private GoldenMethods(MethodInfo method) => _method = method;

    public string Name => $"{_method.DeclaringType!.Name}: {_method.Name.Replace('_', ' ')}";

    public static IReadOnlyList<GoldenMethods> Of(Type type) =>
        [.. type.GetMethods().Where(method => method.GetCustomAttribute<FactAttribute>() is not null).OrderBy(method => method.MetadataToken).Select(method => new GoldenMethods(method))];

    /// <summary>The cases, and what runs each: it returns what is wrong, or null.</summary>
    public IEnumerable<(string Name, Func<string?> Run)> Cases(int most) =>
        Arguments().Take(most).Select(arguments => (string.Join(", ", arguments), (Func<string?>)(() => Run(arguments))));

    private IEnumerable<object?[]> Arguments() => _method.GetCustomAttribute<MemberDataAttribute>() is { } data
        ? ((IEnumerable)_method.DeclaringType!.GetProperty(data.MemberName)!.GetValue(null)!).Cast<ITheoryDataRow>().Select(row => row.GetData())
        : [[]];

    private string? Run(object?[] arguments)
    {
        try
        {
            using var scope = TorchSharp.torch.NewDisposeScope();
            _ = _method.Invoke(Activator.CreateInstance(_method.DeclaringType!), arguments);
            return null;
        }
        catch (TargetInvocationException e)
        {
            // What cannot be compared here, because there is no model of the family, is not a failure.
            return e.InnerException is Xunit.Sdk.SkipException ? null : e.InnerException!.Message;
        }
    }
}
