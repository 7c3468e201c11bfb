namespace AdaLora.Benchmarks;

/// <summary>Times steps of two programs: they take turns process by process, as they cannot do so step by step.</summary>
internal static class BlockComparison
{
    /// <param name="peft">The baseline.</param>
    /// <param name="own">What is compared with it.</param>
    /// <param name="work">What to train; its element type does not matter.</param>
    /// <param name="elementTypes">What each program is to compute with; every program is run with each.</param>
    /// <param name="blocks">Processes per contender.</param>
    /// <param name="steps">Steps per process, those that are not counted included.</param>
    public static BenchmarkTable Run(ITrainingProgram peft, ITrainingProgram own, PeerWork work, IReadOnlyList<string> elementTypes, int blocks, int steps)
    {
        var contenders = new[] { peft, own }.SelectMany(program =>
            elementTypes.Select(type => (Name: $"{program.Name} {work.Method} {type}", Program: program, Work: work with { ElementType = type }))).ToList();
        var reports = contenders.ToDictionary(c => c.Name, _ => new List<TrainingReport>());
        for (var block = 0; block < blocks; block++)
        {
            foreach (var (name, program, training) in contenders)
                reports[name].Add(program.RunBlock(training, steps));
        }

        var timings = contenders.Select(c => new Timing(c.Name, [.. reports[c.Name].Select(report => report.StepMilliseconds)])).ToList();
        var rows = TimedRows.From(timings, [.. elementTypes.Select(type => $"{peft.Name} {work.Method} {type}")]);
        return new BenchmarkTable(
            FormattableString.Invariant($"{Path.GetFileName(work.Model)}, {work.Task.Folder}, {work.Batch} x {work.Length}, dropout {work.Dropout}, {work.Threads} threads"),
            [.. rows.Select(row => row with { Figures = [.. row.Figures, Figure.Megabytes("peak MB", Medians.Of(reports[row.Name].Select(report => report.PeakMegabytes)))] })],
            $"Processes took turns, {blocks} per contender; figures are medians over the processes, and for times over their medians of {steps - BlockPlan.Uncounted} steps after the first {BlockPlan.Uncounted}.");
    }
}
