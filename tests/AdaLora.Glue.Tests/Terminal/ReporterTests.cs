using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Terminal;
using Spectre.Console;
using Xunit;

namespace AdaLora.Glue.Tests.Terminal;

public sealed class ReporterTests
{
    [Fact]
    public void Plain_lines_come_at_even_distances_with_the_first_and_the_last_step()
    {
        var output = new StringWriter();
        var reporter = new PlainReporter(output, lines: 4);

        foreach (var status in FakeRun.History(adaptive: true, totalSteps: 590).Take(590))
            reporter.Step(status);

        var lines = output.ToString().TrimEnd().Split('\n');
        Assert.Equal(["step 1/590", "step 147/590", "step 294/590", "step 441/590", "step 588/590", "step 590/590"], lines.Select(line => line[..line.IndexOf("  ", StringComparison.Ordinal)]));
    }

    [Fact]
    public void A_line_holds_the_figures_the_method_has()
    {
        var status = FakeRun.History(adaptive: true)[89];

        Assert.Equal("loss 0.5825  penalty 0.0298  budget 384  rank 384  lr 9.04e-04  72 samples/s  3:49 left", StatusText.Figures(status));
        Assert.Equal("loss 0.5825  lr 9.04e-04  72 samples/s  3:49 left", StatusText.Figures(FakeRun.History(adaptive: false)[89]));
    }

    [Fact]
    public void An_evaluation_is_one_line() =>
        Assert.Equal("dev at step 100 (epoch 1): matthews 0.000  accuracy 0.690  loss 0.5800", StatusText.Evaluated(FakeRun.Evaluations()[0]));

    [Fact]
    public void Terminal_shows_a_bar_with_figures_and_keeps_notes_and_evaluations()
    {
        var output = new SharedWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Interactive = InteractionSupport.Yes, Out = new AnsiConsoleOutput(output) });
        console.Profile.Width = 120;

        var result = LiveReporter.Run(console, "loading", reporter =>
        {
            reporter.Note("a note with [brackets]");
            reporter.Step(FakeRun.History(adaptive: true)[299]);
            // The bar is redrawn ten times a second on its own thread.
            Assert.True(SpinWait.SpinUntil(() => output.ToString().Contains("budget 288"), TimeSpan.FromSeconds(10)));
            reporter.Evaluated(FakeRun.Evaluations()[2]);
            return 42;
        });

        Assert.Equal(42, result);
        Assert.All((string[])["a note with [brackets]", "step 300/600", "50%", "penalty", "dev at step 300"], text => Assert.Contains(text, output.ToString()));
    }

    [Fact]
    public void A_download_is_a_few_lines_in_a_log()
    {
        using var output = new StringWriter();
        var reporter = new PlainReporter(output);
        for (var received = 0; received <= 20_000_000; received += 100_000)
            reporter.Downloading("model.safetensors", received, 20_000_000);
        reporter.Downloading("vocab.txt", 0, 1234);
        reporter.Downloading("vocab.txt", 1234, 1234);
        reporter.Downloading("merges.txt", 500, null);
        reporter.Downloading("merges.txt", 1000, null);

        Assert.Equal(
            [
                .. Enumerable.Range(1, 10).Select(part => $"downloading model.safetensors  {2 * part}.0 of 20.0 MB"),
                "downloading vocab.txt  1.2 of 1.2 kB",
                "downloading merges.txt  0.5 kB",
            ],
            output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Tokenizing_many_texts_is_a_few_lines_in_a_log_and_few_texts_are_none()
    {
        using var output = new StringWriter();
        var reporter = new PlainReporter(output);
        for (var done = 0; done <= 50_000; done += 500)
            reporter.Tokenizing("qqp train", done, 50_000);
        reporter.Tokenizing("qqp dev", 5000, 10_000);

        Assert.Equal(
            Enumerable.Range(1, 10).Select(part => $"tokenizing qqp train  {5 * part},000 of 50,000 texts"),
            output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Tokenizing_moves_the_bar_on_a_terminal()
    {
        var output = new SharedWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Interactive = InteractionSupport.Yes, Out = new AnsiConsoleOutput(output) });

        _ = LiveReporter.Run(console, "loading", reporter =>
        {
            reporter.Tokenizing("qqp train", 2500, 10_000);
            return SpinWait.SpinUntil(() => output.ToString().Contains("2,500 of 10,000 texts"), TimeSpan.FromSeconds(10));
        });

        Assert.All((string[])["tokenizing qqp train", "25%", "2,500 of 10,000 texts"], text => Assert.Contains(text, output.ToString()));
    }

    [Fact]
    public void A_download_moves_the_bar_on_a_terminal()
    {
        var output = new SharedWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Interactive = InteractionSupport.Yes, Out = new AnsiConsoleOutput(output) });

        _ = LiveReporter.Run(console, "loading", reporter =>
        {
            reporter.Downloading("[model].safetensors", 1_500_000, 6_000_000);
            return SpinWait.SpinUntil(() => output.ToString().Contains("1.5 of 6.0 MB"), TimeSpan.FromSeconds(10));
        });

        Assert.All((string[])["[model].safetensors", "25%", "1.5 of 6.0 MB"], text => Assert.Contains(text, output.ToString()));
    }

    [Fact]
    public void A_failure_gets_out_of_the_progress_display()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Out = new AnsiConsoleOutput(new StringWriter()) });

        _ = Assert.Throws<UserInputException>(() => LiveReporter.Run<int>(console, "loading", _ => throw new UserInputException("bad")));
    }
}
