using AdaLora.Experiments.Programs;

namespace AdaLora.Experiments.Tables;

/// <summary>Columns of a parquet file: strings, numbers and booleans.</summary>
internal sealed class ParquetTable
{
    private readonly Dictionary<string, List<object?>> _cells;

    private ParquetTable(IReadOnlyList<string> columns, int rowCount, Dictionary<string, List<object?>> cells) => (Columns, RowCount, _cells) = (columns, rowCount, cells);

    /// <summary>The names of all columns in the file, except lists and structures.</summary>
    public IReadOnlyList<string> Columns { get; }

    public int RowCount { get; }

    /// <summary>
    /// The cells of a column that was requested, row by row: a string, a <see cref="long"/>, <see cref="float"/>, <see cref="double"/> or <see cref="bool"/>, or null. All null if the file
    /// has no such column.
    /// </summary>
    public IReadOnlyList<object?> this[string column] => _cells.TryGetValue(column, out var cells) ? cells : new object?[RowCount];

    /// <summary>Reads columns of a file, in a child process; see <see cref="ParquetChild"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">The names of the columns that are wanted; those that are not in the file are skipped.</param>
    /// <param name="program">The application, which answers to <see cref="ParquetChild.Command"/>.</param>
    /// <exception cref="InvalidDataException">The file is not parquet, is damaged, or holds cells of another type.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ParquetTable Read(string path, IReadOnlyList<string> columns, ApplicationProgram program)
    {
        using var child = new ParquetChild(path, columns, program);
        try
        {
            var table = Read(child.Output);
            child.End();
            return table;
        }
        catch (EndOfStreamException)
        {
            // The child says why it stopped.
            child.End();
            throw;
        }
    }

    private static ParquetTable Read(BinaryReader reader)
    {
        string[] names = [.. Repeat(reader.ReadString)];
        var cells = Repeat(reader.ReadString).ToDictionary(name => name, _ => new List<object?>(), StringComparer.Ordinal);
        var rowCount = reader.ReadInt32();
        for (var done = 0; done < rowCount;)
        {
            var rows = reader.ReadInt32();
            foreach (var column in cells.Values)
            {
                for (var row = 0; row < rows; row++)
                    column.Add(ParquetCell.Read(reader));
            }

            done += rows;
        }

        return new ParquetTable(names, rowCount, cells);

        IEnumerable<string> Repeat(Func<string> read) => Enumerable.Range(0, reader.ReadInt32()).Select(_ => read());
    }
}
