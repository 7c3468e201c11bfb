using System.Text;
using AdaLora.Internals;

namespace AdaLora.Experiments.Programs;

/// <summary>Writes a file that the user asked for: the folder is created if necessary, and the file is either the old one or complete.</summary>
internal static class OutputFile
{
    public static void Write(string path, byte[] content)
    {
        AtomicFile.MakeFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        AtomicFile.Write(path, stream => stream.Write(content));
    }

    /// <summary>Writes UTF-8 without a byte-order mark.</summary>
    public static void WriteText(string path, string content) => Write(path, Encoding.UTF8.GetBytes(content));
}
