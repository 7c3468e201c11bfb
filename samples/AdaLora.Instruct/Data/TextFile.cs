using System.Text;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Tables;

namespace AdaLora.Instruct.Data;

/// <summary>
/// A file of rows, JSON lines or CSV, that stays on disk: where each row is is found out once, and rows are read when they are needed. Any number of threads may read.
/// </summary>
internal sealed class TextFile : IDisposable
{
    private const int LongestRow = 1 << 26;
    private const char Comma = ',';

    private readonly FileStream _file;
    private readonly Microsoft.Win32.SafeHandles.SafeFileHandle _handle;
    private readonly List<(long Start, int Length, int Line)> _rows;
    private readonly RowFormat _format;
    private readonly List<string>? _columns;

    private TextFile(string path, RowFormat format, int limit)
    {
        (Path, _format) = (path, format);
        try
        {
            _file = File.OpenRead(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserInputException($"'{path}' can't be read: {e.Message}", e);
        }

        _handle = _file.SafeFileHandle;
        var isTable = path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase);
        _rows = FindRows(isTable, isTable ? limit + 1 : limit);
        if (isTable && _rows.Count > 0)
        {
            _columns = Header();
            _rows.RemoveAt(0);
        }
    }

    public string Path { get; }

    /// <summary>The number of rows.</summary>
    public int Count => _rows.Count;

    /// <exception cref="UserInputException">The file can't be read, or has no rows.</exception>
    public static TextFile Open(string path, RowFormat format, int? limit)
    {
        var file = new TextFile(path, format, limit ?? int.MaxValue - 1);
        if (file.Count > 0)
            return file;
        file.Dispose();
        throw new UserInputException($"'{path}' has no rows.");
    }

    /// <summary>The line on which a row begins, counted from 1.</summary>
    public int LineOf(int row) => _rows[row].Line;

    /// <exception cref="UserInputException">It is not a row; file and line are named.</exception>
    public TextRow Read(int row)
    {
        var text = Text(_rows[row]);
        try
        {
            if (_columns is null)
                return _format.OfJson(text);
            var cells = DelimitedRows.Split(text, Comma);
            if (cells.Count != _columns.Count)
                throw new FormatException($"has {cells.Count} columns instead of {_columns.Count}");
            return _format.Of(name => _columns.IndexOf(name) is >= 0 and var place ? cells[place] : null);
        }
        catch (FormatException e)
        {
            throw Fault(row, e.Message, e);
        }
    }

    public UserInputException Fault(int row, string what, Exception? cause = null) => new($"{Path}({_rows[row].Line}): {what}.", cause!);

    public void Dispose() => _file.Dispose();

    private List<string> Header()
    {
        try
        {
            return [.. DelimitedRows.Split(Text(_rows[0]), Comma)];
        }
        catch (FormatException e)
        {
            throw Fault(0, e.Message, e);
        }
    }

    private string Text((long Start, int Length, int Line) row)
    {
        var bytes = new byte[row.Length];
        var read = 0;
        while (read < bytes.Length && RandomAccess.Read(_handle, bytes.AsSpan(read), row.Start + read) is > 0 and var count)
            read += count;
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, read).TrimStart('\ufeff');
        }
        catch (DecoderFallbackException e)
        {
            throw new UserInputException($"{Path}({row.Line}): is not UTF-8.", e);
        }
    }

    // A line feed within the quotation marks of a table belongs to its row.
    private List<(long, int, int)> FindRows(bool isTable, int limit)
    {
        var rows = new List<(long, int, int)>();
        var (buffer, position, start, line, first, isQuoted, isBlank) = (new byte[1 << 16], 0L, 0L, 1, 1, false, true);
        while (rows.Count < limit && _file.Read(buffer) is > 0 and var count)
        {
            for (var i = 0; i < count && rows.Count < limit; i++, position++)
            {
                if (buffer[i] == '\n')
                {
                    line++;
                    if (!isQuoted)
                        End(position);
                    continue;
                }

                isQuoted ^= isTable && buffer[i] == '"';
                isBlank &= buffer[i] is (byte)' ' or (byte)'\t' or (byte)'\r' or 0xEF or 0xBB or 0xBF;
            }
        }

        if (rows.Count < limit)
            End(position);
        return rows;

        void End(long end)
        {
            if (end - start > LongestRow)
                throw new UserInputException($"{Path}({first}): the row is longer than {LongestRow >> 20} MiB.");
            if (!isBlank)
                rows.Add((start, (int)(end - start), first));
            (start, first, isBlank) = (end + 1, line, true);
        }
    }
}
