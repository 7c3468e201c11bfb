namespace AdaLora.Glue;

/// <summary>How much a run tells.</summary>
internal enum Verbosity
{
    /// <summary>Progress, tables, and where files went.</summary>
    Normal,

    /// <summary>One line with the result.</summary>
    Quiet,

    /// <summary>The record of the run as JSON and nothing else.</summary>
    Json,
}
