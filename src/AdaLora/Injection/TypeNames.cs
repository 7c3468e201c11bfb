namespace AdaLora.Injection;

/// <summary>Writes type names as in source code.</summary>
internal static class TypeNames
{
    public static string Of(Type type)
    {
        if (type.IsArray)
            return Of(type.GetElementType()!) + "[]";

        // An argument of an enclosing generic type has no backtick of its own; such a type is written with its bare name.
        var tick = type.Name.IndexOf('`', StringComparison.Ordinal);
        return tick < 0 ? type.Name : $"{type.Name[..tick]}<{string.Join(", ", type.GetGenericArguments().Select(Of))}>";
    }
}
