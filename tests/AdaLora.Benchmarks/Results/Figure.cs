namespace AdaLora.Benchmarks;

/// <summary>One number of a row.</summary>
/// <param name="Column">What it is, unit included, such as "median ms".</param>
/// <param name="Value">The number.</param>
/// <param name="Format">How tables write it.</param>
internal sealed record Figure(string Column, double Value, string Format)
{
    public static Figure Milliseconds(string column, double value) => new(column, value, "F2");

    public static Figure Seconds(string column, double value) => new(column, value, "F1");

    public static Figure Megabytes(string column, double value) => new(column, value, "F1");

    public static Figure Ratio(string column, double value) => new(column, value, "F3");

    public static Figure Count(string column, double value) => new(column, value, "N0");
}
