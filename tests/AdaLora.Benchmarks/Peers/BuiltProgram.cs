using AdaLora.Glue.Tasks;

namespace AdaLora.Benchmarks;

/// <summary>The executables next to this one.</summary>
internal static class BuiltProgram
{
    /// <summary>This program itself.</summary>
    public static string Benchmarks => Of(typeof(BuiltProgram));

    /// <summary>The application, which is built into the same folder.</summary>
    public static string Application => Of(typeof(GlueTasks));

    private static string Of(Type type)
    {
        var assembly = type.Assembly.Location;
        return OperatingSystem.IsWindows() ? Path.ChangeExtension(assembly, ".exe") : Path.Combine(Path.GetDirectoryName(assembly)!, Path.GetFileNameWithoutExtension(assembly));
    }
}
