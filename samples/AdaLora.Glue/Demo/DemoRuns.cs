namespace AdaLora.Glue.Demo;

/// <summary>What the application does without arguments: the frozen encoder with a trained head, then AdaLoRA, on a task of the demo's own.</summary>
internal static class DemoRuns
{
    private static readonly string Root = Path.Combine("runs", "demo");

    /// <summary>Writes the demo's data and says which runs there are.</summary>
    public static IReadOnlyList<TrainSettings> Prepare()
    {
        var data = Path.Combine(Root, "data");
        DemoData.Create(DemoDefaults.DataSeed, DemoDefaults.TrainCount, DemoDefaults.DevCount).Write(data);
        return [Run(TrainingMethods.Frozen, data, DemoDefaults.FrozenEpochs), Run(TrainingMethods.AdaLora, data, DemoDefaults.Epochs)];
    }

    /// <summary>The settings of one run.</summary>
    /// <param name="method">How to train.</param>
    /// <param name="data">The folder of the demo's data.</param>
    /// <param name="epochs">How long.</param>
    public static TrainSettings Run(TrainingMethod method, string data, int epochs) => new()
    {
        Task = GlueTasks.Find("cola"),
        Data = data,
        Model = DemoDefaults.EncoderFolder,
        Method = method,
        Epochs = epochs,
        LearningRate = DemoDefaults.LearningRate,
        InitialRank = DemoDefaults.InitialRank,
        TargetRank = DemoDefaults.TargetRank,
        Alpha = DemoDefaults.Alpha,
        Dropout = DemoDefaults.Dropout,
        MaxLength = DemoDefaults.MaxLength,
        CheckpointEvery = 0,
        Output = Path.Combine(Root, method.Name),
    };
}
