namespace AdaLora.Benchmarks;

/// <summary>
/// Stretches of a text that a program writes, between <c>&lt;!-- generated: NAME --&gt;</c> and <c>&lt;!-- end --&gt;</c>, each on its own line. Everything else was written by hand and is
/// kept unchanged.
/// </summary>
internal static class GeneratedSections
{
    private const string End = "<!-- end -->";

    /// <summary>Puts a body between the markers of a section; appends heading, markers and body when the text has no such section.</summary>
    /// <param name="text">The text, with line feeds.</param>
    /// <param name="name">The name of the section.</param>
    /// <param name="heading">The heading of a section that has to be appended.</param>
    /// <param name="body">What is to stand there, without markers.</param>
    /// <exception cref="FormatException">The section begins twice or has no end.</exception>
    public static string Replace(string text, string name, string heading, string body)
    {
        var marker = $"<!-- generated: {name} -->";
        var lines = text.Split('\n').ToList();
        var begin = lines.IndexOf(marker);
        string[] content = ["", .. body.Trim('\n').Split('\n'), ""];
        if (begin < 0)
            return $"{text.TrimEnd('\n')}\n\n## {heading}\n\n{string.Join('\n', (string[])[marker, .. content, End])}\n";
        if (lines.IndexOf(marker, begin + 1) >= 0)
            throw new FormatException($"The marker '{marker}' occurs twice.");
        var end = lines.FindIndex(begin + 1, line => line.StartsWith("<!-- ", StringComparison.Ordinal));
        if (end < 0 || lines[end] != End)
            throw new FormatException($"The section '{name}' has no '{End}'.");
        lines.RemoveRange(begin + 1, end - begin - 1);
        lines.InsertRange(begin + 1, content);
        return string.Join('\n', lines);
    }
}
