namespace AdaLora.Glue;

/// <summary>A column of a parquet file that is not part of another.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What it holds.</param>
/// <param name="IsOptional">Whether a row may have no value.</param>
internal sealed record ParquetColumn(string Name, ParquetType Type, bool IsOptional)
{
    private const int Repeated = 2;

    /// <summary>The columns that are plain values, in their order; lists, structures and decimal numbers are left out.</summary>
    /// <param name="schema">The elements of the file's schema: the root, and behind each element its children.</param>
    public static IReadOnlyList<ParquetColumn> ReadAll(IReadOnlyList<ThriftStruct> schema)
    {
        var columns = new List<ParquetColumn>();
        for (var i = 1; i < schema.Count;)
        {
            var element = schema[i];
            if (IsPlain(element))
                columns.Add(new ParquetColumn(element.Text(4, "the name of a column"), (ParquetType)element.Count(1, "the type of a column"), element.FindInteger(3) == 1));
            i = End(schema, i);
        }

        return columns;
    }

    private static bool IsPlain(ThriftStruct element) => ChildCount(element) == 0 && element.FindInteger(3) != Repeated && element.FindInteger(7) is null or 0;

    private static long ChildCount(ThriftStruct element) => element.FindInteger(5) ?? 0;

    // Children may be fewer than claimed: the list is what there is.
    private static int End(IReadOnlyList<ThriftStruct> schema, int start)
    {
        var next = start + 1;
        for (var open = ChildCount(schema[start]); open > 0 && next < schema.Count; next++)
            open += ChildCount(schema[next]) - 1;
        return next;
    }
}
