using Spectre.Console;

namespace AdaLora.Experiments.Terminal;

/// <summary>Tables on a writer.</summary>
internal static class TableConsole
{
    /// <summary>A log has no width; tables in it should not be broken at 80 columns.</summary>
    private const int WidthWithoutTerminal = 160;

    public static IAnsiConsole On(TextWriter output)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        if (!console.Profile.Out.IsTerminal)
            console.Profile.Width = WidthWithoutTerminal;
        return console;
    }
}
