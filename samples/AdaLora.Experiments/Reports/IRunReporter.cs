namespace AdaLora.Experiments.Reports;

/// <summary>Receives reports from a run while it is in progress, on the run's thread.</summary>
internal interface IRunReporter
{
    /// <summary>Something worth a line, such as what was loaded.</summary>
    void Note(string message);

    /// <summary>A part of the checkpoint has arrived, on the download's thread. Sizes are in bytes; the total is null if it is unknown.</summary>
    void Downloading(string file, long received, long? total);

    /// <summary>Some texts of a file are tokenized; reported by whichever thread did it, one report at a time.</summary>
    void Tokenizing(string file, int done, int total);

    /// <summary>An optimiser step is done. Called after every step: the pictures are drawn from these.</summary>
    void Step(TrainingStatus status);

    /// <summary>The dev set was evaluated.</summary>
    void Evaluated(TaskEvaluation evaluation);
}
