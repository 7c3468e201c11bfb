using AdaLora.Experiments.Reports;
using Spectre.Console;

namespace AdaLora.Experiments.Terminal;

/// <summary>Reports on a terminal: a progress bar and the figures of the last step below it, both redrawn in place; notes and evaluations scroll by above.</summary>
internal sealed class LiveReporter : IRunReporter
{
    private readonly IAnsiConsole _console;
    private readonly ProgressTask _bar;
    private volatile string _figures = "";

    private LiveReporter(IAnsiConsole console, ProgressTask bar)
    {
        _console = console;
        _bar = bar;
    }

    /// <summary>Shows the progress of <paramref name="work"/> while it runs on this thread.</summary>
    public static T Run<T>(IAnsiConsole console, string title, Func<IRunReporter, T> work)
    {
        LiveReporter? reporter = null;
        return console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn())
            .UseRenderHook((bar, _) => new Rows(bar, new Markup($"[grey]{Markup.Escape(reporter?._figures ?? "")}[/]")))
            .Start(context =>
            {
                var bar = context.AddTask(Markup.Escape(title)).IsIndeterminate();
                reporter = new LiveReporter(console, bar);
                return work(reporter);
            });
    }

    public void Note(string message) => _console.WriteLine(message);

    public void Downloading(string file, long received, long? total)
    {
        _bar.Description = Markup.Escape(file);
        _bar.IsIndeterminate = total is null || received == total;
        _bar.MaxValue = total ?? received;
        _bar.Value = received;
        _figures = StatusText.Downloaded(received, total);
    }

    public void Tokenizing(string file, int done, int total)
    {
        _bar.Description = Markup.Escape($"tokenizing {file}");
        _bar.IsIndeterminate = done == total;
        _bar.MaxValue = total;
        _bar.Value = done;
        _figures = StatusText.Tokenized(done, total);
    }

    public void Step(TrainingStatus status)
    {
        _bar.Description = $"step {status.Step}/{status.TotalSteps}";
        _bar.MaxValue = status.TotalSteps;
        _bar.IsIndeterminate = false;
        _bar.Value = status.Step;
        _figures = StatusText.Figures(status);
    }

    public void Evaluated(TaskEvaluation evaluation) => _console.WriteLine(StatusText.Evaluated(evaluation));
}
