namespace AdaLora.Glue.Tasks;

/// <summary>The positions of the needed cells in the rows of one file, and how a row becomes an example.</summary>
internal sealed class GlueLayout
{
    private const int Absent = -1;
    private const int ShownCharacters = 40;

    private readonly GlueTask _task;
    private readonly int _text;
    private readonly int _pair;
    private readonly int _label;
    private readonly int _width;

    /// <param name="task">The task the file belongs to.</param>
    /// <param name="split">Test files have no label column.</param>
    /// <param name="header">The names of the file's columns; all of <see cref="NeededColumns"/> must be among them.</param>
    public GlueLayout(GlueTask task, GlueSplit split, IReadOnlyList<string> header)
    {
        var names = header.ToList();
        _task = task;
        _text = names.IndexOf(task.Columns.Text);
        _pair = task.Columns.Pair is { } pair ? names.IndexOf(pair) : Absent;
        _label = split == GlueSplit.Test ? Absent : names.IndexOf(task.Columns.Label);
        _width = Math.Max(_text, Math.Max(_pair, _label)) + 1;
    }

    public static IEnumerable<string> NeededColumns(GlueTask task, GlueSplit split)
    {
        yield return task.Columns.Text;
        if (task.Columns.Pair is { } pair)
            yield return pair;
        if (split != GlueSplit.Test)
            yield return task.Columns.Label;
    }

    /// <summary>What is wrong with a row that has too few cells; null for every other row.</summary>
    public DataProblem? FindShort(string[] cells, int line) =>
        cells.Length < _width ? new DataProblem(line, null, $"expected at least {_width} tab-separated cells for task {_task.Name}, found {cells.Length}") : null;

    /// <summary>The example of a row with enough cells, or why it is not one.</summary>
    public (GlueExample? Example, DataProblem? Problem) Read(string[] cells, int line)
    {
        double? label = null;
        if (_label != Absent && (label = _task.ParseLabel(cells[_label])) is null)
            return (null, new DataProblem(line, _task.Columns.Label, $"expected {_task.ExpectedLabel}, found {Quote(cells[_label])}"));
        return (new GlueExample(cells[_text], _pair == Absent ? null : cells[_pair], label), null);
    }

    /// <summary>A cell as it may appear in a message.</summary>
    public static string Quote(string cell) => cell.Length <= ShownCharacters ? $"'{cell}'" : $"'{cell[..ShownCharacters]}…'";
}
