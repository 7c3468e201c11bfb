namespace AdaLora.Glue;

/// <summary>The options of the train command as they are typed.</summary>
internal static class TrainOptionNames
{
    public const string Task = "--task";
    public const string Data = "--data";
    public const string Model = "--model";
    public const string Method = "--method";
    public const string Seed = "--seed";
    public const string Epochs = "--epochs";
    public const string BatchSize = "--batch-size";
    public const string MaxLength = "--max-length";
    public const string LearningRate = "--lr";
    public const string Warmup = "--warmup";
    public const string WeightDecay = "--weight-decay";
    public const string Clip = "--clip";
    public const string Dropout = "--dropout";
    public const string ShareDropout = "--share-dropout";
    public const string InitialRank = "--initial-rank";
    public const string TargetRank = "--target-rank";
    public const string Alpha = "--alpha";
    public const string Gamma = "--gamma";
    public const string BasePrecision = "--base-precision";
    public const string InitialPhase = "--tinit";
    public const string FinalPhase = "--tfinal";
    public const string DeltaT = "--delta-t";
    public const string Bottleneck = "--bottleneck";
    public const string VirtualTokens = "--virtual-tokens";
    public const string Targets = "--targets";
    public const string Layers = "--layers";
    public const string MaxSteps = "--max-steps";
    public const string Limit = "--limit";
    public const string GroupByLength = "--group-by-length";
    public const string EvalEvery = "--eval-every";
    public const string Device = "--device";
    public const string Threads = "--threads";
    public const string Output = "--output";
    public const string CheckpointEvery = "--checkpoint-every";
    public const string Resume = "--resume";
    public const string TensorBoard = "--tensorboard";
    public const string Quiet = "--quiet";
    public const string Json = "--json";
    public const string ProgressOnly = "--progress-only";

    /// <summary>The name under which metrics.json keeps an option.</summary>
    public static string KeyOf(string option) => option.TrimStart('-').Replace('-', '_');

    /// <summary>The option that metrics.json keeps under a name.</summary>
    public static string OfKey(string key) => "--" + key.Replace('_', '-');
}
