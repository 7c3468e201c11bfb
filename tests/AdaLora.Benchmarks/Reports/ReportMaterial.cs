using AdaLora.TestSupport;

namespace AdaLora.Benchmarks;

/// <summary>Folders that sections name: as the document writes them, and where they are on this machine.</summary>
/// <param name="peers">The folder of PEFT's packages; null for none.</param>
internal sealed class ReportMaterial(string? peers)
{
    public const string MiniLm = "../shared/models/all-MiniLM-L6-v2";
    public const string Glue = "../shared/glue";
    public const string Peers = "PEERS";

    private const string SharedPrefix = "../shared/";

    /// <summary>What prevents a section from being written; null for nothing.</summary>
    public string? WhyNot(ReportSection section) => peers is null && section.Arguments.Contains(Peers) ? "skipped: give the folder of PEFT's Python packages with --peers." : null;

    /// <summary>The arguments for this machine.</summary>
    public IReadOnlyList<string> Resolve(IReadOnlyList<string> arguments) => [.. arguments.Select(Resolve)];

    private string Resolve(string argument) =>
        argument == Peers ? peers! : argument.StartsWith(SharedPrefix, StringComparison.Ordinal) ? Path.Combine(RepositoryFolders.Shared, argument[SharedPrefix.Length..]) : argument;
}
