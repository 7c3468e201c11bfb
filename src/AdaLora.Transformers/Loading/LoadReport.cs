using System.Text;

namespace AdaLora.Transformers.Loading;

/// <summary>What happened when a checkpoint was read into a model.</summary>
public sealed class LoadReport
{
    internal LoadReport(string folder, int loaded, IReadOnlyList<string> newlyInitialized, IReadOnlyList<string> unexpected)
    {
        Folder = folder;
        LoadedCount = loaded;
        NewlyInitialized = newlyInitialized;
        Unexpected = unexpected;
    }

    /// <summary>The checkpoint folder.</summary>
    public string Folder { get; }

    /// <summary>How many tensors of the model came from the checkpoint.</summary>
    public int LoadedCount { get; }

    /// <summary>The model's tensors that the checkpoint lacks and that hold random values now, in ordinal order: they must be trained.</summary>
    public IReadOnlyList<string> NewlyInitialized { get; }

    /// <summary>The checkpoint's tensors that the model has no place for, in ordinal order, such as the heads of pre-training.</summary>
    public IReadOnlyList<string> Unexpected { get; }

    /// <summary>The report in words, for a log.</summary>
    /// <returns>One or more lines.</returns>
    public override string ToString()
    {
        var text = new StringBuilder($"{LoadedCount} tensors loaded from '{Folder}'");
        if (NewlyInitialized.Count > 0)
            _ = text.Append($"\nnewly initialised, to be trained: {string.Join(", ", NewlyInitialized)}");
        if (Unexpected.Count > 0)
            _ = text.Append($"\nnot used: {string.Join(", ", Unexpected)}");
        return text.ToString();
    }
}
