namespace AdaLora.GpuCheck;

/// <summary>How a check ended.</summary>
internal enum CheckStatus
{
    Passed,
    Failed,
    Skipped,
}

/// <summary>What a check found.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Title">Its heading.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Message">Why it failed or was skipped.</param>
/// <param name="Notes">Single findings.</param>
/// <param name="Tables">Figures.</param>
/// <param name="Targets">The targets for the figures.</param>
internal sealed record CheckResult(
    string Name, string Title, CheckStatus Status, double Seconds, string? Message, IReadOnlyList<string> Notes, IReadOnlyList<CheckTable> Tables, IReadOnlyList<CheckTarget> Targets)
{
    /// <summary>A check that has not been run.</summary>
    public static CheckResult Without(ICheck check, CheckStatus status, double seconds, string message) => new(check.Name, check.Title, status, seconds, message, [], [], []);
}

/// <summary>Figures in rows and columns.</summary>
internal sealed record CheckTable(string Title, IReadOnlyList<string> Columns, IReadOnlyList<CheckRow> Rows);

/// <summary>A row of a table; null where there is no figure.</summary>
internal sealed record CheckRow(string Name, IReadOnlyList<double?> Values);

/// <summary>A figure that should not exceed a limit.</summary>
internal sealed record CheckTarget(string Name, double Value, double AtMost)
{
    public bool IsMet => Value <= AtMost;
}
