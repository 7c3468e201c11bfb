namespace AdaLora.Glue.Tasks;

/// <summary>Something in a data file that cannot be used.</summary>
/// <param name="Line">The line, counted from 1.</param>
/// <param name="Column">The column's name; null if the whole line is at fault.</param>
/// <param name="Message">What was expected and what was found.</param>
internal sealed record DataProblem(int Line, string? Column, string Message)
{
    public override string ToString() => Column is null ? $"line {Line}: {Message}" : $"line {Line}, column '{Column}': {Message}";
}
