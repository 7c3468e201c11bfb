namespace AdaLora.Glue.Tasks;

/// <summary>Where a task's cells are: by header name, or by position in a file that has no header.</summary>
internal sealed record GlueColumns(string Text, string? Pair, string Label)
{
    /// <summary>The names of the columns of train and dev files that come without a header line; null if they have one. Unused columns are named "".</summary>
    public IReadOnlyList<string>? WithoutHeader { get; init; }
}
