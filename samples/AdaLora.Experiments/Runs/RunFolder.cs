using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;
using AdaLora.Internals;

namespace AdaLora.Experiments.Runs;

/// <summary>
/// The output folder of a run while it lasts: created if necessary, checked that files can be written to it, kept from other runs, and cleared of what killed ones left half written.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    private const string LockFile = ".running";

    // Every run needs at least this much space, and names this long below its folder.
    private const int ProbeBytes = 1 << 20;
    private const int ProbeName = 100;

    private readonly FileStream _lock;

    /// <exception cref="UserInputException">Another run is writing to the folder.</exception>
    /// <exception cref="IOException">The folder can't be written to, or there is no space for the files of a run.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public RunFolder(string path)
    {
        AtomicFile.MakeFolder(path);
        try
        {
            // The system releases it when a process is killed.
            _lock = new FileStream(Path.Combine(path, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        }
        catch (IOException e) when (File.Exists(Path.Combine(path, LockFile)))
        {
            throw new UserInputException($"Another run is writing to '{path}'. Give each run its own {RunOptions.Output}.", e);
        }
        catch (Exception e) when (WriteFailure.IsOne(e))
        {
            throw WriteFailure.Explain(e, path);
        }

        try
        {
            AtomicFile.Sweep(path);
            Probe(path);
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    public void Dispose() => _lock.Dispose();

    private static void Probe(string path)
    {
        try
        {
            using var probe = new FileStream(Path.Combine(path, ".probe".PadRight(ProbeName, '-')), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
            probe.Write(new byte[ProbeBytes]);
        }
        catch (Exception e) when (WriteFailure.IsOne(e))
        {
            throw WriteFailure.Explain(e, path);
        }
    }
}
