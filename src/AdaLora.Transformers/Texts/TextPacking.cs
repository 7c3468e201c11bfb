namespace AdaLora.Transformers.Texts;

/// <summary>Which texts share a row.</summary>
public static class TextPacking
{
    /// <summary>Fills rows with texts: the longest first, each into the fullest row that has room for it. Rows are in the order of their first texts, and so are the texts of a row.</summary>
    /// <param name="lengths">The length of each text in tokens, at least 1.</param>
    /// <param name="rowLength">The greatest length of a row in tokens, at least that of the longest text.</param>
    /// <returns>The numbers of the texts in each row.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="lengths"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A length is below 1.</exception>
    /// <exception cref="ArgumentException">A text is longer than a row.</exception>
    public static IReadOnlyList<IReadOnlyList<int>> Pack(IReadOnlyList<int> lengths, int rowLength)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentOutOfRangeException.ThrowIfLessThan(rowLength, 1);
        // Rows by the room that they have left.
        var rooms = new SortedSet<(int Room, int Row)>();
        var rows = new List<List<int>>();
        foreach (var text in Enumerable.Range(0, lengths.Count).OrderByDescending(text => lengths[text]))
        {
            var length = lengths[text];
            ArgumentOutOfRangeException.ThrowIfLessThan(length, 1, nameof(lengths));
            if (length > rowLength)
                throw new ArgumentException($"A text of {length} tokens does not fit into a row of {rowLength}; truncate it first.", nameof(lengths));
            var (room, row) = rooms.GetViewBetween((length, 0), (rowLength, int.MaxValue)).FirstOrDefault((rowLength, rows.Count));
            if (row == rows.Count)
                rows.Add([]);
            _ = rooms.Remove((room, row));
            rooms.Add((room - length, row));
            rows[row].Add(text);
        }

        rows.ForEach(row => row.Sort());
        return [.. rows.OrderBy(row => row[0])];
    }
}
