using System.Diagnostics;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Terminal;

namespace AdaLora.Experiments.Comparison;

/// <summary>Carries out the runs of a comparison that have not finished yet, several at a time if requested, and reports progress.</summary>
/// <param name="runner">Carries out a run.</param>
/// <param name="output">Receives what happens.</param>
/// <param name="quiet">Whether to tell of ended runs only.</param>
/// <param name="shard">The runs that are to be carried out here; others carry out the rest.</param>
internal sealed class ComparisonSession(ICellRunner runner, TextWriter output, bool quiet, Shard shard)
{
    private readonly Lock _lock = new();

    /// <param name="cells">All runs. Those whose results already exist are not repeated.</param>
    /// <param name="jobs">Runs at a time.</param>
    /// <param name="save">Receives all results so far, in the order of the cells, whenever there is a new one.</param>
    /// <param name="cancellationToken">Stops the runs in progress; the others are not started.</param>
    /// <returns>The outcome of every cell that was started, here or, if it has finished by now, elsewhere.</returns>
    /// <exception cref="UserInputException">Settings are not valid, or folders hold the results of other runs; all problems are listed.</exception>
    public IReadOnlyList<CellResult> Run(IReadOnlyList<ComparisonCell> cells, int jobs, Action<IReadOnlyList<CellResult>> save, CancellationToken cancellationToken)
    {
        var results = FindFinished(cells);
        var pending = Enumerable.Range(0, cells.Count).Where(i => results[i] is null && shard.Has(i)).ToList();
        output.WriteLine($"{cells.Count} runs, {results.Count(result => result is not null)} of them already done{(shard.Count > 1 ? $", {pending.Count} to do in part {shard}" : "")}");
        save([.. results.OfType<CellResult>()]);
        var clock = Stopwatch.StartNew();
        var (next, ended) = (-1, 0);
        Task.WhenAll(Enumerable.Range(0, Math.Min(jobs, pending.Count)).Select(_ => Task.Factory.StartNew(Work, TaskCreationOptions.LongRunning))).GetAwaiter().GetResult();
        if (shard.Count > 1)
        {
            results = [.. FindFinished(cells).Zip(results, (now, here) => here ?? now)];
            save([.. results.OfType<CellResult>()]);
        }

        return [.. results.OfType<CellResult>()];

        void Work()
        {
            while (Interlocked.Increment(ref next) is var number && number < pending.Count && !cancellationToken.IsCancellationRequested)
            {
                var cell = cells[pending[number]];
                Tell($"begin: {cell.Name}");
                var result = RunCell(cell, cancellationToken);
                lock (_lock)
                {
                    results[pending[number]] = result;
                    ended++;
                    output.WriteLine(Ended(result, Here(cells.Count) - pending.Count + ended, Here(cells.Count), clock.Elapsed / ended * (pending.Count - ended)));
                    save([.. results.OfType<CellResult>()]);
                }
            }
        }
    }

    private int Here(int runs) => Enumerable.Range(0, runs).Count(shard.Has);

    private static CellResult?[] FindFinished(IReadOnlyList<ComparisonCell> cells)
    {
        var problems = new List<string>();
        var results = new CellResult?[cells.Count];
        for (var i = 0; i < results.Length; i++)
        {
            try
            {
                results[i] = FinishedRun.Find(cells[i].Settings.Validated()) is { } record ? new CellResult(cells[i], record) : null;
            }
            catch (UserInputException e)
            {
                problems.Add(e.Message);
            }
        }

        return problems.Count == 0 ? results : throw new UserInputException(string.Join(Environment.NewLine, problems.Distinct()));
    }

    private CellResult RunCell(ComparisonCell cell, CancellationToken cancellationToken)
    {
        try
        {
            return runner.Run(cell, quiet ? _ => { } : line => Tell($"  {cell.Name}: {line}"), cancellationToken);
        }
        catch (Exception e)
        {
            // One run that fails must not take the others with it.
            return new CellResult(cell, null, e.Message);
        }
    }

    private void Tell(string line)
    {
        lock (_lock)
            output.WriteLine(line);
    }

    private static string Ended(CellResult result, int done, int all, TimeSpan left)
    {
        var (what, rest) = result switch
        {
            { Error: { } error } => ("failed", error),
            { Record: null } => ("stopped", "kept for next time"),
            { Record: { } record } => ("done", $"{result.Cell.Settings.Task.PrimaryMetric} {Formats.Metric(result.Score)} after {Formats.Duration(TimeSpan.FromSeconds(record.WallSeconds))}"),
        };
        return $"{what} {done}/{all}: {result.Cell.Name}: {rest}" + (done < all ? $"; about {Formats.Duration(left)} left" : "");
    }
}
