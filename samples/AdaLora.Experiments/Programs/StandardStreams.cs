using System.Runtime.InteropServices;
using System.Text;

namespace AdaLora.Experiments.Programs;

/// <summary>What the process was given to write to: refused where the caller closed it, and named where it takes nothing more.</summary>
internal static partial class StandardStreams
{
    private const int GetFlags = 1;
    private const int CloseOnExec = 1;
    private const int Input = 0;
    private const int Output = 1;
    private const int Error = 2;

    /// <summary>Standard input; empty if the caller closed it.</summary>
    public static TextReader Reader => IsClosed(Input) ? TextReader.Null : Console.In;

    /// <summary>Whether the process can write to both of its streams; says so on the other one if it can't.</summary>
    /// <remarks>A number that the caller closed goes to the next file that is opened, be it one of weights, and text for the user would end up there.</remarks>
    public static bool AreOpen()
    {
        var (output, error) = (IsClosed(Output), IsClosed(Error));
        if (output && !error)
            Console.Error.WriteLine(Closed("output"));
        if (error && !output)
            Console.Out.WriteLine(Closed("error"));
        return !output && !error;
    }

    /// <summary>Lets <see cref="Console.Out"/> say that it is standard output that can't be written.</summary>
    public static void NameOutput() => Console.SetOut(new NamedWriter(Console.Out));

    private static string Closed(string name) => $"Standard {name} is closed. Redirect it to /dev/null if it is not needed.";

    // What a process is started with passed through exec; what .NET opens never would.
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
