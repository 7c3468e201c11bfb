using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Experiments.Terminal;
using AdaLora.Glue.Demo;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests.Tasks;

/// <summary>Another kind of task, which the shared library does not know: everything that a run does goes through <see cref="ITask"/>.</summary>
public sealed class QuestionTaskTests : IDisposable
{
    private static readonly Catalog Catalog = new() { Name = "made-up", Tasks = [new QuestionTask()], Methods = TrainingMethods.All };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("adalora")]
    [InlineData("lora")]
    [InlineData("prefix")]
    public void Questions_are_answered_after_a_training_with(string method)
    {
        var settings = RunSettings.Of(Catalog.Tasks[0], Catalog.FindMethod(method))
            .With(RunOptions.Data, _folder.Path)
            .With(RunOptions.Model, DemoDefaults.EncoderFolder)
            .With(RunOptions.Output, _folder.File("run"))
            .With(RunOptions.LearningRate, 1e-2)
            .With(RunOptions.MaxLength, 32)
            .With(RunOptions.Epochs, 8)
            .With(RunOptions.EvalEvery, 16)
            .With(RunOptions.InitialRank, 4)
            .With(RunOptions.TargetRank, 2)
            .With(RunOptions.Threads, 1);

        var record = new RunSession(new Runner(), TableConsole.On(TextWriter.Null)).Run(settings.Validated(), Verbosity.Quiet, TestContext.Current.CancellationToken);

        Assert.Equal(RunStatus.Completed, record.Status);
        Assert.Equal(64, record.TotalSteps);
        Assert.True(record.Evaluations[^1].Loss < 0.5 * record.Evaluations[0].Loss || record.Evaluations[0].Loss < 0.1, string.Join(" ", record.Evaluations.Select(evaluation => evaluation.Loss)));
        Assert.InRange(record.Final[QuestionTask.ExactMatch]!.Value, 0.8, 1);
        Assert.InRange(record.Final[QuestionTask.F1]!.Value, record.Final[QuestionTask.ExactMatch]!.Value, 1);

        var saved = SavedRun.Open(_folder.File("run"), Catalog);
        using var trained = saved.Load(saved.Settings, DataSets.Dev, new ModelFolder(), new SilentReporter(), TestContext.Current.CancellationToken);
        Assert.Equal(record.Final, trained.Model.Evaluate().Metrics);
        Assert.Equal("should not", trained.Model.Predict([["is ?", "the cats should not sleep today ."]]).Single()["answer"]!.GetValue<string>());
    }
}
