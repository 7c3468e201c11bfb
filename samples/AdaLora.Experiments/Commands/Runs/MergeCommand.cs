using System.CommandLine;
using AdaLora.Devices;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Experiments.Terminal;

namespace AdaLora.Experiments.Commands.Runs;

/// <summary>The command that writes a plain checkpoint of a finished run.</summary>
internal static class MergeCommand
{
    public static Command Create(ApplicationDescription application, ModelFolder models)
    {
        var arguments = new RunArguments(application.Catalog, models);
        var output = new Option<string>(RunOptions.Output.Name) { Description = "The folder for the checkpoint.", HelpName = "DIR", Required = true };
        var command = new ExampledCommand(
            "merge",
            "Merges a finished run into its base model and writes a checkpoint that needs no adapters, for this application or for transformers.",
            application.ExamplesOf("merge")) { output };
        arguments.AddTo(command);
        command.SetAction((line, token) =>
        {
            var run = arguments.Open(line);
            var folder = line.GetRequiredValue(output);
            // Whatever precision the run was computed in: products are added to the weights as the checkpoint has them.
            using var trained = arguments.Load(line, run, run.Settings.With(RunOptions.Precision, ModelPrecision.Float32), DataSets.None, token);
            if (Path.GetFullPath(folder) == Path.GetFullPath(trained.BaseFolder))
                throw new UserInputException($"--output: '{folder}' is the base model itself; give another folder.");
            trained.Attachment.Merge();
            trained.Model.SaveCheckpoint(folder);
            FileList.Write(line.InvocationConfiguration.Output, folder, [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal)]);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
