using System.CommandLine;
using System.Text.Json;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Terminal;
using AdaLora.Peft;
using AdaLora.Safetensors;
using Spectre.Console;

namespace AdaLora.Experiments.Commands;

/// <summary>The command that shows what a saved adapter consists of, without its base model.</summary>
internal static class InspectCommand
{
    private const string ConfigFile = "adapter_config.json";
    private const string AdapterFolder = "adapter";

    public static Command Create(ApplicationDescription application, IAnsiConsole console)
    {
        var folder = new Argument<string>("FOLDER") { Description = "An adapter in PEFT's layout (AdaLoRA or plain LoRA, pruned or not), or the output folder of a run that contains one." };
        var json = new Option<bool>("--json") { Description = "Print everything as JSON, and nothing else." };
        var csv = new Option<string?>("--csv") { Description = "Also write a table with one row per triplet.", HelpName = "FILE" };
        var png = new Option<string?>("--png") { Description = "Also draw the ranks and the singular values.", HelpName = "FILE" };
        var command = new ExampledCommand(
            "inspect",
            "Shows the ranks, budget, counts, singular values and orthogonality of a saved adapter; the base model is not needed.",
            application.ExamplesOf("inspect")) { folder, json, csv, png };
        command.SetAction(line => Run(console, line.GetRequiredValue(folder), line.GetValue(json), line.GetValue(csv), line.GetValue(png)));
        return command;
    }

    private static int Run(IAnsiConsole console, string folder, bool json, string? csv, string? png)
    {
        var path = AdapterIn(folder);
        var inspection = Read(path);
        if (json)
            console.Profile.Out.Writer.Write(JsonSerializer.Serialize(inspection, ReportJson.Options) + "\n");
        else
            InspectionTable.Write(console, path, inspection);
        if (csv is not null)
            OutputFile.WriteText(csv, InspectionCsv.Write(inspection));
        if (png is not null)
            OutputFile.Write(png, InspectionPicture.Draw(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))), inspection));
        return ExitCode.Success;
    }

    private static string AdapterIn(string folder)
    {
        if (!Directory.Exists(folder))
            throw new UserInputException($"The folder '{folder}' does not exist; give the folder of an adapter, or the output folder of a run.");
        var below = Path.Combine(folder, AdapterFolder);
        return !File.Exists(Path.Combine(folder, ConfigFile)) && Directory.Exists(below) ? below : folder;
    }

    private static AdapterInspection Read(string folder)
    {
        try
        {
            return AdapterInspection.Read(folder);
        }
        catch (Exception e) when (e is InvalidDataException or SafetensorsException)
        {
            throw new UserInputException(e.Message, e);
        }
    }
}
