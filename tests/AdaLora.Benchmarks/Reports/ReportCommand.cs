using System.CommandLine;
using System.Globalization;
using AdaLora.Experiments.Programs;
using AdaLora.TestSupport;

namespace AdaLora.Benchmarks;

/// <summary>Runs the benchmarks that docs/benchmarks.md shows, each in its own process, and writes what they print between its markers.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var names = new Argument<string[]>("sections") { Description = "Sections to write; step* means every one whose name begins with step. All if omitted.", Arity = ArgumentArity.ZeroOrMore };
        var peers = new Option<string?>("--peers") { Description = "The folder of PEFT's Python packages; without it, sections that need PEFT are left unchanged.", HelpName = "DIR" };
        var output = new Option<string?>("--output") { Description = "The document. [default: docs/benchmarks.md]", HelpName = "FILE" };
        var json = new Option<string?>("--json-folder") { Description = "A folder for the same figures as JSON, one file per section.", HelpName = "DIR" };
        var command = new Command("report", "Runs the benchmarks and writes their tables into docs/benchmarks.md.") { names, peers, output, json };
        command.SetAction(line => BenchmarkCommand.Guarded(() =>
        {
            var sections = ReportSection.Find(line.GetValue(names) ?? []);
            var path = line.GetValue(output) ?? Path.Combine(RepositoryFolders.Root, "docs", "benchmarks.md");
            var material = new ReportMaterial(line.GetValue(peers));
            var failures = sections.Where(section => !TryWrite(section, material, path, line.GetValue(json))).Select(section => section.Name).ToList();
            if (failures.Count > 0)
                throw new ChildProcessException($"Not written: {string.Join(", ", failures)}.");
        }));
        return command;
    }

    // The other sections may have taken hours: one that fails is reported and left unchanged.
    private static bool TryWrite(ReportSection section, ReportMaterial material, string path, string? jsonFolder)
    {
        try
        {
            Write(section, material, path, jsonFolder);
            return true;
        }
        catch (ChildProcessException e)
        {
            Console.Error.WriteLine($"{section.Name}: {e.Message}");
            return false;
        }
    }

    private static void Write(ReportSection section, ReportMaterial material, string path, string? jsonFolder)
    {
        if (material.WhyNot(section) is { } reason)
        {
            Console.Error.WriteLine($"{section.Name}: {reason}");
            return;
        }

        var arguments = material.Resolve(section.Arguments);
        if (jsonFolder is not null)
            arguments = [.. arguments, BenchmarkCommand.JsonFileOption, Path.Combine(jsonFolder, section.Name + ".json")];
        Console.Error.WriteLine($"{section.Name}: {section.Command}");
        var result = ChildProcess.Run(BuiltProgram.Benchmarks, arguments, accept: BenchmarkCommand.Skipped);
        if (result.ExitCode == BenchmarkCommand.Skipped)
        {
            Console.Error.WriteLine($"{section.Name}: something it needs is missing; the section is left unchanged.");
            return;
        }

        // Read again for every section: someone may write by hand meanwhile.
        var text = File.Exists(path) ? File.ReadAllText(path) : "# Benchmarks\n";
        OutputFile.WriteText(path, GeneratedSections.Replace(text, section.Name, section.Heading, BodyOf(section, result.Output)));
    }

    private static string BodyOf(ReportSection section, string tables) =>
        $"    {section.Command}\n\n{DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}; {MachineDescription.Create()}.\n\n{tables}";
}
