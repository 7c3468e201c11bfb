namespace AdaLora.Targeting;

/// <summary>Dotted names of modules, seen from the model.</summary>
internal static class ModuleNames
{
    /// <summary>Whether a dotted name is that of a module, or of something in it.</summary>
    public static bool IsAtOrIn(string path, string module) => path == module || path.StartsWith(module + ".", StringComparison.Ordinal);
}
