namespace AdaLora.Targeting;

/// <summary>Dotted names of modules, relative to the model.</summary>
internal static class ModuleNames
{
    /// <summary>Whether a dotted name is that of a module, or of something inside it.</summary>
    public static bool IsAtOrIn(string path, string module) => path == module || path.StartsWith(module + ".", StringComparison.Ordinal);
}
