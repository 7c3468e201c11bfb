namespace AdaLora.Transformers.Hub;

/// <summary>What the hub says about a file.</summary>
/// <param name="Name">The file's name in the repository.</param>
/// <param name="Etag">The name of the content, fit to be a file name.</param>
/// <param name="Size">The size in bytes, or null if unknown.</param>
internal sealed record RemoteFile(string Name, string Etag, long? Size)
{
    /// <summary>The largest size of a file that does not hold weights, or whose size is unknown: several times that of the largest vocabularies.</summary>
    private const long LargestSmall = 128L << 20;

    public bool IsWeights => Name.EndsWith(".safetensors", StringComparison.Ordinal);

    public long Limit => IsWeights && Size is { } size ? size : Math.Min(Size ?? LargestSmall, LargestSmall);

    public bool IsTooLarge => Size > Limit;

    /// <summary>Whether the beginning of the content can be kept and continued: only when the result can be checked.</summary>
    public bool CanResume => ContentHash.IsHash(Etag);
}
