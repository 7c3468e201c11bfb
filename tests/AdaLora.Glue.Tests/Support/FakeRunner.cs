using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;

namespace AdaLora.Glue.Tests;

/// <summary>Reports a run without training: remembers what it was asked for, and stops between steps when cancelled.</summary>
internal sealed class FakeRunner : IRunner
{
    public List<RunSettings> Asked { get; } = [];

    /// <summary>What is added to the primary metric.</summary>
    public Func<RunSettings, double> Bonus { get; set; } = _ => 0;

    /// <summary>Called before each step.</summary>
    public Action<int> BeforeStep { get; set; } = _ => { };

    public RunPlan Plan(RunSettings settings, IRunReporter reporter, CancellationToken cancellationToken) => new("a plan\n", IsPossible: true);

    public RunOutcome Execute(RunSettings settings, IRunReporter reporter, CancellationToken cancellationToken)
    {
        Asked.Add(settings);
        reporter.Note("8,551 examples");
        var adaptive = settings.Method == TrainingMethods.AdaLora;
        var evaluations = new List<TaskEvaluation>();
        var steps = 0;
        foreach (var status in FakeRun.History(adaptive))
        {
            if (cancellationToken.IsCancellationRequested)
                break;
            BeforeStep(status.Step);
            steps++;
            reporter.Step(status);
            if (FakeRun.Evaluations().FirstOrDefault(evaluation => evaluation.Step == status.Step) is { } evaluation)
            {
                var better = evaluation with { Metrics = new OrderedDictionary<string, double?>(evaluation.Metrics) { ["matthews"] = evaluation.Metrics["matthews"] + Bonus(settings) } };
                evaluations.Add(better);
                reporter.Evaluated(better);
            }
        }

        var adapter = Path.Combine(settings.OutputFolder, "adapter.safetensors");
        File.WriteAllText(adapter, "weights");
        return new RunOutcome
        {
            Status = steps < FakeRun.Steps ? RunStatus.Cancelled : RunStatus.Completed,
            TotalSteps = FakeRun.Steps,
            Evaluations = evaluations,
            History = [.. FakeRun.History(adaptive).Take(steps)],
            TrainableParameters = new TrainableParameters(200_000, adaptive ? 150_000 : 200_000),
            Ranks = adaptive ? FakeRanks.Bert(3, 8) : [],
            StepMilliseconds = [.. Enumerable.Range(1, steps).Select(step => step == 1 ? 1000.0 : 450)],
            WallSeconds = 642,
            Files = [adapter],
        };
    }
}
