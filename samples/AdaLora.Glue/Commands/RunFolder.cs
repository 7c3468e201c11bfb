using AdaLora.Internals;

namespace AdaLora.Glue;

/// <summary>The output folder of a run while it lasts: made if need be, kept from other runs, and rid of what killed ones have left half written.</summary>
internal sealed class RunFolder : IDisposable
{
    private const string LockFile = ".running";

    private readonly FileStream _lock;

    /// <exception cref="UserInputException">Another run writes into the folder.</exception>
    /// <exception cref="IOException">Nobody can.</exception>
    public RunFolder(string path)
    {
        try
        {
            _ = Directory.CreateDirectory(path);
            // The system lets go of it when a process is killed.
            _lock = new FileStream(Path.Combine(path, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
            AtomicFile.Sweep(path);
        }
        catch (IOException e) when (File.Exists(Path.Combine(path, LockFile)))
        {
            throw new UserInputException($"Another run writes into '{path}'. Give each run an {TrainOptionNames.Output} of its own.", e);
        }
    }

    public void Dispose() => _lock.Dispose();
}
