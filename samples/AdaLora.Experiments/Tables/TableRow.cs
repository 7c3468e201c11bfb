namespace AdaLora.Experiments.Tables;

/// <summary>A row of a table, with the cells of the columns that were asked for.</summary>
/// <param name="Line">The line on which it begins, from 1.</param>
/// <param name="Cells">One per column, in their order. A cell is a text, or several where the file has a list.</param>
internal sealed record TableRow(int Line, IReadOnlyList<IReadOnlyList<string>> Cells);
