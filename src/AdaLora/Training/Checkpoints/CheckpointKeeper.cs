using System.Globalization;
using AdaLora.Internals;
using AdaLora.Safetensors;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace AdaLora.Training.Checkpoints;

/// <summary>Decides when to save and which checkpoint to resume from.</summary>
internal sealed class CheckpointKeeper : IDisposable
{
    private const string Threads = "threads";
    private const string LockFile = ".lock";
    private readonly CheckpointOptions _options;
    private readonly RunIdentity _identity;
    private readonly ILogger _logger;
    private readonly CheckpointStore _store;
    private readonly FileStream _lock;
    private long? _latest;
    private long? _best;

    /// <param name="options">When and where.</param>
    /// <param name="identity">What must match when a training is resumed.</param>
    /// <param name="logger">Receives messages about what was saved and what was refused.</param>
    /// <exception cref="InvalidOperationException">The folder holds checkpoints that are not to be resumed, or another training is writing to it.</exception>
    public CheckpointKeeper(CheckpointOptions options, RunIdentity identity, ILogger logger)
    {
        _options = options;
        _identity = identity;
        _logger = logger;
        _store = new CheckpointStore(options.Folder, options.CreateStream);
        if (!options.Resume && _store.NewestFirst.Count > 0)
        {
            throw new InvalidOperationException(
                $"'{options.Folder}' holds checkpoints of another training run. Set {nameof(CheckpointOptions.Resume)} to continue it, choose another folder, or delete them.");
        }

        // Check now rather than after hours of training.
        AtomicFile.MakeFolder(options.Folder);
        _lock = Lock(Path.Combine(options.Folder, LockFile));
    }

    /// <summary>Saves a checkpoint unless there already is one for this moment. A failure is logged: the training is worth more.</summary>
    /// <param name="batches">Batches trained on.</param>
    /// <param name="isBest">Whether the evaluation at this moment is the best so far.</param>
    /// <param name="fill">Adds everything to save.</param>
    public void Save(long batches, bool isBest, Action<StateTable> fill)
    {
        if (_latest == batches && !isBest)
            return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        var state = new StateTable(tensors);
        fill(state);
        if (isBest)
            _best = batches;
        state.Put("best_checkpoint", _best ?? -1);
        if (_options.SaveExtra is { } extra)
            state.Put("extra", extra());
        try
        {
            var metadata = new Dictionary<string, string>(_identity.Settings, StringComparer.Ordinal) { [Threads] = get_num_threads().ToString(CultureInfo.InvariantCulture) };
            CheckpointLog.Saved(_logger, _store.Write(batches, tensors, metadata));
            _latest = batches;
            _store.Prune(_options.Keep, _best);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            CheckpointLog.NotSaved(_logger, batches, e.Message);
        }
    }

    /// <summary>Resumes from the newest intact checkpoint, if wanted and available.</summary>
    /// <param name="take">Restores everything and returns the number of steps done.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="InvalidDataException">Every checkpoint is truncated or altered, or the newest intact one belongs to a training with other settings; the differences are listed.</exception>
    public bool TryResume(Func<StateTable, long> take)
    {
        var files = _options.Resume ? _store.NewestFirst : [];
        var refused = new List<string>();
        foreach (var path in files)
        {
            Dictionary<string, Tensor> tensors;
            IReadOnlyDictionary<string, string> metadata;
            try
            {
                (tensors, metadata) = CheckpointStore.Read(path);
            }
            catch (Exception e) when (e is InvalidDataException or SafetensorsException or IOException or UnauthorizedAccessException)
            {
                CheckpointLog.Refused(_logger, e.Message);
                refused.Add(e.Message);
                continue;
            }

            try
            {
                Resume(path, new StateTable(tensors), metadata, take);
                return true;
            }
            finally
            {
                foreach (var tensor in tensors.Values)
                    tensor.Dispose();
            }
        }

        return refused.Count == 0 ? false : throw new InvalidDataException($"No checkpoint in '{_options.Folder}' can be used: {string.Join(" ", refused)}");
    }

    /// <summary>Releases the folder for other trainings.</summary>
    public void Dispose() => _lock.Dispose();

    // The operating system releases it when a process is killed.
    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new InvalidOperationException($"Another training run is writing its checkpoints to '{Path.GetDirectoryName(path)}'. Give each run its own folder.", e);
        }
    }

    private void Resume(string path, StateTable state, IReadOnlyDictionary<string, string> metadata, Func<StateTable, long> take)
    {
        _identity.Require(metadata, path, except: Threads);
        using var noGrad = no_grad();
        var step = take(state);
        _latest = CheckpointStore.BatchesOf(path);
        _best = state.Integer("best_checkpoint") is >= 0 and var best ? best : null;
        if (state.Contains("extra"))
            _options.ResumeExtra?.Invoke(state.Text("extra"));
        CheckpointLog.Resumed(_logger, path, step);
        var threads = get_num_threads();
        if (metadata.GetValueOrDefault(Threads) is { } then && then != threads.ToString(CultureInfo.InvariantCulture))
            CheckpointLog.OtherThreads(_logger, then, threads);
    }
}
