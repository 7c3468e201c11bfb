using AdaLora.Internals;
using AdaLora.Training.Data;

namespace AdaLora.Training;

/// <summary>
/// When and where a <see cref="Trainer"/> saves everything needed to resume in another process: on a CPU with the same number of threads, the resumed training then gives the same losses,
/// ranks and weights, bit for bit, as one that was never interrupted.
/// </summary>
public sealed class CheckpointOptions
{
    /// <summary>The folder for the files; a separate one for each training, created if need be.</summary>
    public required string Folder { get; init; }

    /// <summary>Batches between two checkpoints, at least 1. With <see cref="TrainerOptions.GradientAccumulation"/>, a checkpoint may fall within an optimiser step.</summary>
    public long Every { get; init; } = 500;

    /// <summary>How many of the latest checkpoints to keep, at least 1, in addition to the one from the best evaluation.</summary>
    public int Keep { get; init; } = 2;

    /// <summary>
    /// Whether to resume from the newest intact checkpoint; a training without any starts from the beginning. If false, checkpoints in the folder are an error, so that none is lost.
    /// </summary>
    public bool Resume { get; init; }

    /// <summary>
    /// The caller's own settings that must be the same when a training resumes from a checkpoint, by name: the data, the batch size, the length texts are cut to. The trainer only sees
    /// batches; it notices different ones by their number in an epoch, and by their sizes if it is told those, but not with <see cref="IResumableBatches{TBatch}"/>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Whether checkpoints identify the frozen weights they were made with by every byte. If false, this is done up to 256 MB; above that, 4,096 entries of each tensor are compared, plus
    /// names, dtypes and shapes: other weights differ in these too, but a change to a few entries elsewhere, such as single rows of an embedding, goes unnoticed. Reads all weights at the
    /// start of <c>Trainer.Fit</c>: 16 GB for a model of 8 billion parameters in half precision.
    /// </summary>
    public bool HashAllWeights { get; init; }

    /// <summary>Returns a text to save with each checkpoint, for anything the caller needs to remember.</summary>
    public Func<string>? SaveExtra { get; init; }

    /// <summary>Receives the text of <see cref="SaveExtra"/> when a training is resumed, before its first batch.</summary>
    public Action<string>? ResumeExtra { get; init; }

    /// <summary>Opens the stream for a path, so that tests can make it fail.</summary>
    internal Func<string, Stream>? CreateStream { get; init; }

    /// <summary>Whether a checkpoint is due after this many batches.</summary>
    internal bool IsDue(long batches) => batches % Every == 0;

    internal void Validate(Problems problems)
    {
        problems.Require(!string.IsNullOrWhiteSpace(Folder), $"{nameof(TrainerOptions.Checkpoints)}.{nameof(Folder)} is empty");
        problems.Require(Settings is not null && Settings.Values.All(v => v is not null), $"{nameof(TrainerOptions.Checkpoints)}.{nameof(Settings)} is null or holds a null");
        problems.Require(Every >= 1, $"{nameof(TrainerOptions.Checkpoints)}.{nameof(Every)} is {Every}; it must be at least 1");
        problems.Require(Keep >= 1, $"{nameof(TrainerOptions.Checkpoints)}.{nameof(Keep)} is {Keep}; it must be at least 1");
    }
}
