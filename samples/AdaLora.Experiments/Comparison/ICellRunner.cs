namespace AdaLora.Experiments.Comparison;

/// <summary>Carries out the runs of a comparison.</summary>
internal interface ICellRunner
{
    /// <summary>Trains, and leaves the run's files in its output folder.</summary>
    /// <param name="cell">What to train.</param>
    /// <param name="tell">Receives lines of progress, on any thread.</param>
    /// <param name="cancellationToken">Asks to stop; what was done until then is kept for next time.</param>
    CellResult Run(ComparisonCell cell, Action<string> tell, CancellationToken cancellationToken);
}
