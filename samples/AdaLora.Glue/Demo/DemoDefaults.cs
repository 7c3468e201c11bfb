namespace AdaLora.Glue.Demo;

/// <summary>Sizes and settings with which the demo takes about a minute on two cores.</summary>
internal static class DemoDefaults
{
    public const int DataSeed = 20230310;

    public const int TrainCount = 3000;

    public const int DevCount = 600;

    public const int FrozenEpochs = 4;

    public const int Epochs = 10;

    public const double LearningRate = 5e-3;

    public const int InitialRank = 6;

    public const int TargetRank = 4;

    public const double Alpha = 16;

    public const double Dropout = 0.05;

    public const double Gamma = 0.1;
    public const double InitialFraction = 0.1;
    public const double FinalFraction = 0.5;
    public const int MaskInterval = 10;
    public const int MaxLength = 32;

    /// <summary>The encoder that pretrain-demo made, beside the program.</summary>
    public static string EncoderFolder => Path.Combine(AppContext.BaseDirectory, "Demo", "Encoder");
}
