using System.CommandLine;
using System.Globalization;
using System.IO.Compression;
using System.Text;
namespace AdaLora.Glue;

/// <summary>The command that writes what the GLUE benchmark's site takes: a file of predictions per test set, and a zip of all of them.</summary>
internal static class SubmitCommand
{
    private const string ZipName = "submission.zip";

    public static Command Create(ModelFolder models)
    {
        var runs = new Argument<string[]>("RUNS") { Description = "Output folders of finished runs, one per task.", Arity = ArgumentArity.OneOrMore };
        var data = new Option<string?>("--data") { Description = "The GLUE folder, if it is not where it was.", HelpName = "DIR" };
        var output = new Option<string>(TrainOptionNames.Output) { Description = "The folder for the files.", HelpName = "DIR", DefaultValueFactory = _ => Path.Combine("runs", "submission") };
        var device = RunDevice.Option();
        var command = new ExampledCommand(
            "submit",
            "Predicts the test sets and writes the files of a GLUE submission.",
            "AdaLora.Glue submit runs/cola-adalora-1 runs/rte-adalora-1 --output submission") { runs, data, output, device };
        command.SetAction((line, token) =>
        {
            var opened = line.GetRequiredValue(runs).Select(SavedRun.Open).ToList();
            if (opened.GroupBy(run => run.Settings.Task).FirstOrDefault(group => group.Count() > 1) is { } twice)
                throw new UserInputException($"{twice.Key.Name} is given {twice.Count()} times; a submission has one run per task.");
            var folder = line.GetRequiredValue(output);
            var console = line.InvocationConfiguration.Output;
            var files = new List<string>();
            foreach (var run in opened)
            {
                token.ThrowIfCancellationRequested();
                using var trained = run.Load(null, line.GetRequiredValue(device), models, new PlainReporter(line.InvocationConfiguration.Error), token);
                files.AddRange(Predict(run with { Settings = run.Settings with { Data = line.GetValue(data) ?? run.Settings.Data } }, trained, folder));
            }

            OutputFile.Write(Path.Combine(folder, ZipName), Zip(files));
            FileList.Write(console, folder, [.. files, Path.Combine(folder, ZipName)]);
            var missing = GlueTasks.All.Except(opened.Select(run => run.Settings.Task)).Select(task => task.Folder).Append("AX (diagnostics)").ToList();
            console.WriteLine($"Left out, because there is no run or no data: {string.Join(", ", missing)}. The site wants a file for every task.");
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static IEnumerable<string> Predict(SavedRun run, TrainedClassifier trained, string folder)
    {
        var task = run.Settings.Task;
        foreach (var part in task.Parts)
        {
            var examples = GlueReader.Read(run.Settings.Data, task, GlueSplit.Test, part);
            var text = new StringBuilder("index\tprediction\n");
            var index = 0;
            foreach (var (_, scores) in new TextClassifier(trained, run.Settings.MaxLength).Classify(examples))
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
