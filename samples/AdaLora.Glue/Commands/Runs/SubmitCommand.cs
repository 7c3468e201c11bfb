using System.CommandLine;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Experiments.Terminal;
using AdaLora.Glue.Tasks;

namespace AdaLora.Glue.Commands.Runs;

/// <summary>The command that writes what the GLUE benchmark's site accepts: a file of predictions per test set, and a zip of all of them.</summary>
internal static class SubmitCommand
{
    private const string ZipName = "submission.zip";

    public static Command Create(ModelFolder models)
    {
        var runs = new Argument<string[]>("RUNS") { Description = "Output folders of finished runs, one per task.", Arity = ArgumentArity.OneOrMore };
        var data = new Option<string?>("--data") { Description = "The GLUE folder, if it has moved.", HelpName = "DIR" };
        var output = new Option<string>(RunOptions.Output.Name) { Description = "The folder for the files.", HelpName = "DIR", DefaultValueFactory = _ => Path.Combine("runs", "submission") };
        var device = new RunOptionSet(GlueTasks.Catalog, [RunOptions.Device]);
        var command = new ExampledCommand(
            "submit",
            "Predicts the test sets and writes the files of a GLUE submission.",
            "AdaLora.Glue submit runs/cola-adalora-1 runs/rte-adalora-1 --output submission") { runs, data, output };
        device.AddTo(command);
        command.SetAction((line, token) =>
        {
            var opened = line.GetRequiredValue(runs).Select(run => SavedRun.Open(run, GlueTasks.Catalog)).ToList();
            if (opened.GroupBy(run => run.Settings.Task).FirstOrDefault(group => group.Count() > 1) is { } twice)
                throw new UserInputException($"{twice.Key.Name} is given {twice.Count()} times; a submission needs one run per task.");
            if (opened.FirstOrDefault(run => run.Settings.Task is not GlueTask) is { } own)
                throw new UserInputException($"'{own.Folder}' is not a run on a task of GLUE.");
            var folder = line.GetRequiredValue(output);
            var console = line.InvocationConfiguration.Output;
            var files = new List<string>();
            foreach (var run in opened)
            {
                token.ThrowIfCancellationRequested();
                var settings = device.Bind(line, run.Settings.With(RunOptions.Device, RunOptions.Device.Default(run.Settings)));
                using var trained = run.Load(settings, DataSets.None, models, new PlainReporter(line.InvocationConfiguration.Error), token);
                files.AddRange(Predict((GlueTask)settings.Task, line.GetValue(data) ?? settings.Get(RunOptions.Data), (GlueModel)trained.Model, folder));
            }

            OutputFile.Write(Path.Combine(folder, ZipName), Zip(files));
            FileList.Write(console, folder, [.. files, Path.Combine(folder, ZipName)]);
            var missing = GlueTasks.All.Except(opened.Select(run => run.Settings.Task)).Select(task => task.Folder).Append("AX (diagnostics)").ToList();
            console.WriteLine($"Omitted, because there is no run or no data: {string.Join(", ", missing)}. The site requires a file for every task.");
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static IEnumerable<string> Predict(GlueTask task, string data, GlueModel model, string folder)
    {
        foreach (var part in task.Parts)
        {
            var examples = GlueReader.Read(data, task, GlueSplit.Test, part);
            var text = new StringBuilder("index\tprediction\n");
            var index = 0;
            foreach (var (_, scores) in model.Classify(examples))
                text.Append(CultureInfo.InvariantCulture, $"{index++}\t{Answer(task, scores)}\n");
            var path = Path.Combine(folder, $"{task.Folder}{part.SubmissionSuffix}.tsv");
            OutputFile.WriteText(path, text.ToString());
            yield return path;
        }
    }

    private static string Answer(GlueTask task, double[] scores) => task.IsRegression
        ? Math.Clamp(scores[0], task.ScoreRange.Low, task.ScoreRange.High).ToString("F3", CultureInfo.InvariantCulture)
        : task.LabelSpellings[scores.IndexOf(scores.Max())];

    private static byte[] Zip(IEnumerable<string> files)
    {
        using var buffer = new MemoryStream();
        using (var zip = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var file in files)
                _ = zip.CreateEntryFromFile(file, Path.GetFileName(file));
        }

        return buffer.ToArray();
    }
}
