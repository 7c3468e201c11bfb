using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;
using AdaLora.Internals;

namespace AdaLora.Experiments.Runs;

/// <summary>The output folder of a run while it lasts: made if need be, found to take files, kept from other runs, and rid of what killed ones have left half written.</summary>
internal sealed class RunFolder : IDisposable
{
    private const string LockFile = ".running";

    // No run makes do with less room, or with shorter names below its folder.
    private const int ProbeBytes = 1 << 20;
    private const int ProbeName = 100;

    private readonly FileStream _lock;

    /// <exception cref="UserInputException">Another run writes into the folder.</exception>
    /// <exception cref="IOException">Nobody can, or there is no room for the files of a run.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public RunFolder(string path)
    {
        AtomicFile.MakeFolder(path);
        try
        {
            // The system lets go of it when a process is killed.
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
