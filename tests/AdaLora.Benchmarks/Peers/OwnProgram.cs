using AdaLora.Glue;
using AdaLora.TestSupport;

namespace AdaLora.Benchmarks;

/// <summary>This project: blocks of steps in this program, started again with a hidden command; whole trainings in the application.</summary>
/// <param name="trainArguments">More arguments for the application's train command.</param>
internal sealed class OwnProgram(IReadOnlyList<string> trainArguments) : ITrainingProgram
{
    public string Name => "AdaLora";

    public TrainingReport RunBlock(PeerWork work, int steps) => TrainingReport.Of(ChildProcess.Run(BuiltProgram.Benchmarks, BlockCommand.ArgumentsOf(work, steps)));

    public TrainingReport Train(PeerWork work, int epochs, int? maxSteps = null)
    {
        using var output = new TemporaryFolder();
        var settings = new TrainSettings
        {
            Task = work.Task,
            Data = work.Data,
            Model = work.Model,
            Method = TrainingMethods.Find(work.Method),
            Seed = work.Seed,
            Epochs = epochs,
            BatchSize = work.Batch,
            MaxLength = work.Length,
            LearningRate = PeerSettings.LearningRate,
            Dropout = work.Dropout,
            Gamma = PeerSettings.OrthogonalityWeight,
            InitialPhase = new StepCount(PeerSettings.InitialFraction),
            FinalPhase = new StepCount(PeerSettings.FinalFraction),
            DeltaT = PeerSettings.MaskInterval,
            MaxSteps = maxSteps,
            Threads = work.Threads,
            Output = output.Path,
        };
        return TrainingReport.Of(ChildProcess.Run(BuiltProgram.Application, ["train", .. TrainOptions.ArgumentsOf(settings), TrainOptionNames.Json, .. trainArguments]));
    }
}
