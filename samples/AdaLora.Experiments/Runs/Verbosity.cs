namespace AdaLora.Experiments.Runs;

/// <summary>How much a run reports.</summary>
internal enum Verbosity
{
    /// <summary>Progress, tables, and where files went.</summary>
    Normal,

    /// <summary>Lines of progress, for callers that show the result in another way.</summary>
    Progress,

    /// <summary>One line with the result.</summary>
    Quiet,

    /// <summary>The record of the run as JSON, and nothing else.</summary>
    Json,
}
