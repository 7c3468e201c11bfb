namespace AdaLora.Benchmarks;

/// <summary>A peer's script and a hidden command of this program, which do the same in processes that take turns.</summary>
/// <param name="Peer">The peer's packages.</param>
/// <param name="Script">The name of the script in eng/.</param>
/// <param name="Command">The command of this program.</param>
internal sealed record ProcessTurns(PythonPeer Peer, string Script, string Command)
{
    /// <param name="title">The conditions.</param>
    /// <param name="peerName">What the peer is called in the table.</param>
    /// <param name="arguments">Those of both programs.</param>
    /// <param name="rounds">Processes of each.</param>
    /// <param name="note">What the times are medians of.</param>
    public BenchmarkTable Run(string title, string peerName, IReadOnlyList<string> arguments, int rounds, string note)
    {
        var script = Path.Combine(TestSupport.RepositoryFolders.Root, "eng", Script);
        var (theirs, ours) = (new List<TrainingReport>(), new List<TrainingReport>());
        for (var round = 0; round < rounds; round++)
        {
            theirs.Add(TrainingReport.Of(Peer.Run(script, arguments)));
            ours.Add(TrainingReport.Of(ChildProcess.Run(BuiltProgram.Benchmarks, [Command, .. arguments])));
        }

        var rows = TimedRows.From([Timed(peerName, theirs), Timed("AdaLora", ours)]);
        return new BenchmarkTable(
            title,
            [.. rows.Zip([Peak(theirs), Peak(ours)], (row, peak) => row with { Figures = [.. row.Figures, Figure.Megabytes("peak MB", peak), Figure.Ratio("peak ratio", peak / Peak(theirs))] })],
            $"Processes took turns, {rounds} per contender; figures are medians over the processes, and for times over their medians of {note}.");
    }

    private static Timing Timed(string name, IEnumerable<TrainingReport> reports) => new(name, [.. reports.Select(report => report.StepMilliseconds)]);

    private static double Peak(IEnumerable<TrainingReport> reports) => Medians.Of(reports.Select(report => report.PeakMegabytes));
}
