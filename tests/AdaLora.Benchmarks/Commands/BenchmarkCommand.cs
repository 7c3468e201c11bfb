using System.CommandLine;
using AdaLora.Experiments.Programs;

namespace AdaLora.Benchmarks;

/// <summary>Creates the commands: each runs a benchmark and prints its tables, for people or for programs.</summary>
internal static class BenchmarkCommand
{
    /// <summary>The exit code of a benchmark that was skipped because something optional is missing.</summary>
    public const int Skipped = 3;

    public const string JsonFileOption = "--json-file";

    public static Command Create(string name, string description, IEnumerable<Option> options, Func<ParseResult, IEnumerable<BenchmarkTable>> run)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON instead of Markdown." };
        var jsonFile = new Option<string?>(JsonFileOption) { Description = "Also write JSON into a file.", HelpName = "FILE" };
        var command = new Command(name, description);
        foreach (var option in options)
            command.Add(option);
        command.Add(json);
        command.Add(jsonFile);
        command.SetAction(line => Guarded(() =>
        {
            var tables = new List<BenchmarkTable>();
            foreach (var table in run(line))
            {
                Console.Error.WriteLine($"{name}: {table.Title}: done");
                tables.Add(table);
            }

            if (line.GetValue(jsonFile) is { } file)
                OutputFile.WriteText(file, TableJson.Of(tables));
            Console.Write(line.GetValue(json) ? TableJson.Of(tables) : TableMarkdown.Of(tables));
        }));
        return command;
    }

    /// <summary>Turns failures that are not defects into messages and exit codes.</summary>
    public static int Guarded(Action work)
    {
        try
        {
            work();
            return ExitCode.Success;
        }
        catch (SkippedException e)
        {
            Console.Error.WriteLine(e.Message);
            return Skipped;
        }
        catch (Exception e) when (e is UserInputException or ChildProcessException or FormatException or IOException)
        {
            Console.Error.WriteLine(e.Message);
            return ExitCode.Failure;
        }
    }
}
