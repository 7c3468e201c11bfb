using AdaLora.Internals;
using AdaLora.Training.Data;

namespace AdaLora.Training;

/// <summary>
/// When and where a <see cref="Trainer"/> saves everything that it needs to go on in another process: on a CPU and with the same number of threads the resumed training then gives the same losses,
/// ranks and weights, bit for bit, as one that was never interrupted.
/// </summary>
public sealed class CheckpointOptions
{
    /// <summary>Where the files go; a folder of its own for each training, made if need be.</summary>
    public required string Folder { get; init; }

    /// <summary>Batches between two checkpoints, at least 1. With <see cref="TrainerOptions.GradientAccumulation"/> a checkpoint may lie within an optimiser step.</summary>
    public long Every { get; init; } = 500;

    /// <summary>How many of the latest checkpoints are kept, at least 1, beside the one of the best evaluation.</summary>
    public int Keep { get; init; } = 2;

    /// <summary>
    /// Whether to go on from the newest checkpoint that is intact; a training without any begins anew. Otherwise checkpoints in the folder are an error, so that none is lost.
    /// </summary>
    public bool Resume { get; init; }

    /// <summary>
    /// Settings of the caller's that have to be the same in a training that goes on from a checkpoint, by name: the data, the size of batches, the length that texts are cut to. The trainer sees batches only; it notices other
    /// ones by their number in an epoch, and by their sizes if it is told those, but not with <see cref="IResumableBatches{TBatch}"/>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Whether checkpoints tell by every byte with which frozen weights they were made. Otherwise that is so up to 256 MB; of more, 4,096 entries of each tensor are compared, beside names, dtypes and shapes: other weights differ
    /// in these too, but a change of a few entries elsewhere, such as single rows of an embedding, goes unnoticed. Reads all weights at the beginning of <c>Trainer.Fit</c>, 16 GB of a model of 8 billion parameters in half precision.
    /// </summary>
    public bool HashAllWeights { get; init; }

    /// <summary>Gives a text to be saved along with each checkpoint, for what the caller has to remember.</summary>
    public Func<string>? SaveExtra { get; init; }

    /// <summary>Given the text of <see cref="SaveExtra"/> when a training is resumed, before its first batch.</summary>
    public Action<string>? ResumeExtra { get; init; }

    /// <summary>Makes the stream of a path, so that tests can let it fail.</summary>
    internal Func<string, Stream>? CreateStream { get; init; }

    internal void Validate(Problems problems)
    {
        problems.Require(!string.IsNullOrWhiteSpace(Folder), $"{nameof(TrainerOptions.Checkpoints)}.{nameof(Folder)} is empty");
        problems.Require(Settings is not null && Settings.Values.All(v => v is not null), $"{nameof(TrainerOptions.Checkpoints)}.{nameof(Settings)} is null or holds a null");
        problems.Require(Every >= 1, $"{nameof(TrainerOptions.Checkpoints)}.{nameof(Every)} is {Every}; it must be at least 1");
        problems.Require(Keep >= 1, $"{nameof(TrainerOptions.Checkpoints)}.{nameof(Keep)} is {Keep}; it must be at least 1");
    }
}
