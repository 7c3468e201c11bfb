using System.Runtime.InteropServices;
using System.Text;

namespace AdaLora.Experiments.Programs;

/// <summary>The streams that the process was given: refused if the caller closed them, and named if they accept nothing more.</summary>
internal static partial class StandardStreams
{
    private const int GetFlags = 1;
    private const int CloseOnExec = 1;
    private const int Input = 0;
    private const int Output = 1;
    private const int Error = 2;

    /// <summary>Standard input; empty if the caller closed it.</summary>
    public static TextReader Reader => IsClosed(Input) ? TextReader.Null : Console.In;

    /// <summary>Whether the process can write to both of its streams; if not, says so on the other one.</summary>
    /// <remarks>A file descriptor that the caller closed is given to the next file that is opened, perhaps one of weights, and text for the user would end up there.</remarks>
    public static bool AreOpen()
    {
        var (output, error) = (IsClosed(Output), IsClosed(Error));
        if (output && !error)
            Console.Error.WriteLine(Closed("output"));
        if (error && !output)
            Console.Out.WriteLine(Closed("error"));
        return !output && !error;
    }

    /// <summary>Makes errors of <see cref="Console.Out"/> say that it is standard output that can't be written.</summary>
    public static void NameOutput() => Console.SetOut(new NamedWriter(Console.Out));

    private static string Closed(string name) => $"Standard {name} is closed. Redirect it to /dev/null if it is not needed.";

    // A descriptor that the process was started with has passed through exec; one that .NET opened never would.
    private static bool IsClosed(int descriptor) => !OperatingSystem.IsWindows() && (Control(descriptor, GetFlags) is var flags && (flags < 0 || (flags & CloseOnExec) != 0));

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int descriptor, int command);

    private sealed class NamedWriter(TextWriter next) : TextWriter
    {
        public override Encoding Encoding => next.Encoding;

        public override void Write(char value) => Do(() => next.Write(value));

        public override void Write(char[] buffer, int index, int count) => Do(() => next.Write(buffer, index, count));

        public override void Write(string? value) => Do(() => next.Write(value));

        public override void Flush() => Do(next.Flush);

        private static void Do(Action write)
        {
            try
            {
                write();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new IOException($"Standard output can't be written: {e.Message.TrimEnd('.')}.", e);
            }
        }
    }
}
