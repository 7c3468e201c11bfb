using System.Reflection;

namespace AdaLora.TestSupport;

/// <summary>Names of members as the compiler writes them in documentation, and as files of banned symbols have them.</summary>
internal static class SymbolNames
{
    public static string Of(PropertyInfo property) => $"P:{NameOf(property.DeclaringType!)}.{property.Name}";

    public static string Of(MethodBase method)
    {
        var parameters = method.GetParameters();
        var arity = method.IsGenericMethod ? $"``{method.GetGenericArguments().Length}" : "";
        var list = parameters.Length > 0 ? $"({string.Join(',', parameters.Select(parameter => NameOf(parameter.ParameterType)))})" : "";
        var result = method is MethodInfo { Name: "op_Explicit" or "op_Implicit", ReturnType: var type } ? $"~{NameOf(type)}" : "";
        return $"M:{NameOf(method.DeclaringType!)}.{(method is ConstructorInfo ? "#ctor" : method.Name)}{arity}{list}{result}";
    }

    private static string NameOf(Type type)
    {
        if (type.IsByRef)
            return NameOf(type.GetElementType()!) + "@";
        if (type.IsArray)
            return NameOf(type.GetElementType()!) + "[]";
        if (type.IsGenericParameter)
            return (type.IsGenericMethodParameter ? "``" : "`") + type.GenericParameterPosition;
        var name = (type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName?.Replace('+', '.') ?? type.Name;
        return type.IsConstructedGenericType && name.Contains('`', StringComparison.Ordinal)
            ? $"{name[..name.IndexOf('`', StringComparison.Ordinal)]}{{{string.Join(',', type.GetGenericArguments().Select(NameOf))}}}"
            : name;
    }
}
