namespace AdaLora.Glue.Tasks;

/// <summary>One row of a GLUE file.</summary>
/// <param name="Text">The sentence, or the first of two, exactly as it stands in the file.</param>
/// <param name="Pair">The second sentence; null for tasks with one.</param>
/// <param name="Label">The index of the class, or the score of a regression task; null in test files.</param>
internal sealed record GlueExample(string Text, string? Pair, double? Label)
{
    /// <summary>The indices of all classes of a text that may have several; none for other tasks.</summary>
    public IReadOnlyList<int> Classes { get; init; } = [];
}
