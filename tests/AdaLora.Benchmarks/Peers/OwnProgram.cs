using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Settings;
using AdaLora.Glue.Tasks;
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
        var settings = RunSettings.Of(work.Task, GlueTasks.Catalog.FindMethod(work.Method))
            .With(RunOptions.Data, work.Data)
            .With(RunOptions.Model, work.Model)
            .With(RunOptions.Seed, work.Seed)
            .With(RunOptions.Epochs, epochs)
            .With(RunOptions.BatchSize, work.Batch)
            .With(RunOptions.MaxLength, work.Length)
            .With(RunOptions.LearningRate, PeerSettings.LearningRate)
            .With(RunOptions.Dropout, work.Dropout)
            .With(RunOptions.Gamma, PeerSettings.OrthogonalityWeight)
            .With(RunOptions.InitialPhase, new StepCount(PeerSettings.InitialFraction))
            .With(RunOptions.FinalPhase, new StepCount(PeerSettings.FinalFraction))
            .With(RunOptions.MaskInterval, PeerSettings.MaskInterval)
            .With(RunOptions.MaxSteps, maxSteps)
            .With(RunOptions.Threads, work.Threads)
            .With(RunOptions.Output, output.Path);
        return TrainingReport.Of(ChildProcess.Run(BuiltProgram.Application, ["train", .. RecordedSettings.ArgumentsOf(settings), TrainCommand.Json, .. trainArguments]));
    }
}
