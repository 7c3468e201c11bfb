using AdaLora.Experiments.Programs;

namespace AdaLora.Experiments.Comparison;

/// <summary>The files that describe a comparison as a whole, in its output folder.</summary>
internal sealed class ComparisonFiles(string folder, string name, string title, string? against = null)
{
    public string Folder => folder;

    public string Table { get; } = Path.Combine(folder, name + ".md");

    public string Runs { get; } = Path.Combine(folder, name + ".csv");

    public string Picture { get; } = Path.Combine(folder, name + ".png");

    public string Curves { get; } = Path.Combine(folder, name + "-curves.png");

    /// <summary>Writes what is known so far.</summary>
    public void Write(IReadOnlyList<CellResult> results)
    {
        OutputFile.WriteText(Runs, ComparisonCsv.Write(results));
        var rows = RowSummary.Of(results);
        OutputFile.WriteText(Table, ComparisonMarkdown.Write(title, rows, against is null ? [] : RowContrast.Of(results, against)));
        if (rows.Count > 0)
            OutputFile.Write(Picture, ComparisonPicture.Draw(rows));
        if (ComparisonCurves.Draw(results) is { } curves)
            OutputFile.Write(Curves, curves);
    }
}
