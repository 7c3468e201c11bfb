namespace AdaLora.TestSupport;

/// <summary>A request that the loopback server received.</summary>
/// <param name="Method">Such as GET.</param>
/// <param name="Path">The target as it was sent, still escaped.</param>
/// <param name="Headers">The headers, whatever their case.</param>
internal sealed record LoopbackRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>The first byte of a range request, 0 without one.</summary>
    public long Offset => Headers.TryGetValue("Range", out var range) ? long.Parse(range["bytes=".Length..].TrimEnd('-')) : 0;
}
