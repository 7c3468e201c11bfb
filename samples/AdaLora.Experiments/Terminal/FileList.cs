namespace AdaLora.Experiments.Terminal;

/// <summary>Says where files went.</summary>
internal static class FileList
{
    public static void Write(TextWriter output, string folder, IEnumerable<string> files) =>
        output.WriteLine($"Files in {folder}: {string.Join(", ", files.Select(file => Path.GetRelativePath(folder, file)))}");
}
