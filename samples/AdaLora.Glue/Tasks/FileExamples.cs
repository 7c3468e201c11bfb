using System.Text.Json.Nodes;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tables;
using AdaLora.Experiments.Tasks;
using AdaLora.Glue.Metrics;

namespace AdaLora.Glue.Tasks;

/// <summary>The examples of a person's own files, with the task that they make up.</summary>
internal static class FileExamples
{
    private const string Classes = "classes";
    private const string HasSeveral = "several_labels";
    private const int ShownClasses = 20;

    /// <summary>Reads the files that a run needs.</summary>
    /// <exception cref="UserInputException">A file can't be used, or labels don't fit each other.</exception>
    public static GlueExamples Read(TaskInputs inputs)
    {
        // A plan of a run that has not begun reads it for its classes.
        var training = inputs.Found is null || inputs.Sets.HasFlag(DataSets.Training) ? ReadRows(inputs, FileTaskOptions.Train, inputs.Options.Get(FileTaskOptions.Train)!) : null;
        var classes = training is null ? ClassesOf(inputs.Found!) : FindClasses(training, inputs);
        var hasSeveral = inputs.Found?[HasSeveral]?.GetValue<bool>() ?? training!.Any(row => row.HasList) || inputs.Options.Get(FileTaskOptions.Separator) is not null;
        var task = TaskOf(classes, inputs.Options.Get(FileTaskOptions.Pair) is not null, hasSeveral);
        return new GlueExamples(task, (split, _) => Examples(task, split == GlueSplit.Train ? training! : DevRows(inputs), split == GlueSplit.Train ? FileTaskOptions.Train : FileTaskOptions.Dev))
        {
            Found = new JsonObject { [Classes] = new JsonArray([.. classes.Select(name => (JsonNode)name)]), [HasSeveral] = hasSeveral },
            HasDev = inputs.Options.Get(FileTaskOptions.Dev) is not null || !inputs.Sets.HasFlag(DataSets.Training) || inputs.Options.Get(RunOptions.HeldOut) == 0,
        };
    }

    private static IReadOnlyList<string> ClassesOf(JsonObject found) => [.. found[Classes]!.AsArray().Select(name => name!.GetValue<string>())];

    private static GlueTask TaskOf(IReadOnlyList<string> classes, bool isPair, bool hasSeveral) => new()
    {
        Name = FileTask.Instance.Name,
        Folder = FileTask.Instance.Folder,
        Columns = new GlueColumns("", isPair ? "" : null, ""),
        HubColumns = ("", null),
        ClassNames = classes,
        LabelSpellings = classes,
        HasSeveralLabels = hasSeveral,
        Metrics = hasSeveral ? [MetricNames.Accuracy, MetricNames.MacroF1, MetricNames.MicroF1] : [MetricNames.Accuracy, MetricNames.MacroF1],
    };

    private static List<FileRow> ReadRows(TaskInputs inputs, RunOption<string?> option, string path)
    {
        var (text, pair, label) = (inputs.Options.Get(FileTaskOptions.Text)!, inputs.Options.Get(FileTaskOptions.Pair), inputs.Options.Get(FileTaskOptions.Label)!);
        var separator = inputs.Options.Get(FileTaskOptions.Separator);
        var rows = TableFile.Read(path, pair is null ? [text, label] : [text, label, pair])
            .Select(row => new FileRow(row.Line, string.Join(' ', row.Cells[0]), pair is null ? null : string.Join(' ', row.Cells[2]), Labels(row.Cells[1], separator), row.Cells[1].Count != 1)).ToList();
        var empty = rows.Where(row => row.Labels.Count == 0 && separator is null && !row.HasList || row.Labels.Any(string.IsNullOrWhiteSpace)).Select(row => row.Line).ToList();
        return empty.Count == 0 ? rows : throw new UserInputException($"{option} {path}: there is no label in {Lines(empty)}.");
    }

    private static IReadOnlyList<string> Labels(IReadOnlyList<string> cell, string? separator) => separator is null
        ? [.. cell.Select(label => label.Trim()).Distinct()]
        : [.. cell.SelectMany(part => part.Split(separator, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Distinct()];

    // Numbers in their order, words in that of the alphabet.
    private static IReadOnlyList<string> FindClasses(List<FileRow> rows, TaskInputs inputs)
    {
        var counts = rows.SelectMany(row => row.Labels).CountBy(label => label).ToDictionary(StringComparer.Ordinal);
        IReadOnlyList<string> classes = counts.Keys.All(label => long.TryParse(label, System.Globalization.CultureInfo.InvariantCulture, out _))
            ? [.. counts.Keys.OrderBy(label => long.Parse(label, System.Globalization.CultureInfo.InvariantCulture))]
            : [.. counts.Keys.Order(StringComparer.Ordinal)];
        if (classes.Count < 2)
            throw new UserInputException($"{FileTaskOptions.Train}: {(classes.Count == 0 ? "no text has a label" : $"all texts have the same label '{classes[0]}'")}; a classifier needs at least two classes.");
        inputs.Reporter.Note($"{classes.Count} classes: {string.Join(", ", classes.Take(ShownClasses).Select(name => $"{name} ({counts[name]})"))}{(classes.Count > ShownClasses ? ", …" : "")}");
        return classes;
    }

    private static List<FileRow> DevRows(TaskInputs inputs) => inputs.Options.Get(FileTaskOptions.Dev) is { } path
        ? ReadRows(inputs, FileTaskOptions.Dev, path)
        : throw new UserInputException($"There is no dev set; name one with {FileTaskOptions.Dev}, or keep a part of the training set aside with {RunOptions.HeldOut} 0.1.");

    private static IReadOnlyList<GlueExample> Examples(GlueTask task, List<FileRow> rows, RunOption<string?> option)
    {
        var numbers = task.ClassNames.Index().ToDictionary(entry => entry.Item, entry => entry.Index, StringComparer.Ordinal);
        var unknown = rows.SelectMany(row => row.Labels.Where(label => !numbers.ContainsKey(label)).Select(label => (Label: label, row.Line))).ToLookup(entry => entry.Label, entry => entry.Line);
        if (unknown.Count > 0)
        {
            throw new UserInputException(
                $"{option}: the training set has no label {string.Join(", ", unknown.Select(group => $"'{group.Key}' ({Lines([.. group])})"))}; it has {string.Join(", ", task.ClassNames.Take(ShownClasses))}.");
        }

        var several = task.HasSeveralLabels ? null : rows.FirstOrDefault(row => row.Labels.Count != 1);
        if (several is not null)
            throw new UserInputException($"{option}: line {several.Line} has {several.Labels.Count} labels, but the training set has one for each text.");
        return
        [
            .. rows.Select(row => task.HasSeveralLabels
                ? new GlueExample(row.Text, row.Pair, null) { Classes = [.. row.Labels.Select(label => numbers[label])] }
                : new GlueExample(row.Text, row.Pair, numbers[row.Labels[0]])),
        ];
    }

    private static string Lines(IReadOnlyList<int> lines)
    {
        const int Shown = 5;
        return $"{(lines.Count == 1 ? "line" : "lines")} {string.Join(", ", lines.Take(Shown))}{(lines.Count > Shown ? $" and {lines.Count - Shown} more" : "")}";
    }

    private sealed record FileRow(int Line, string Text, string? Pair, IReadOnlyList<string> Labels, bool HasList);
}
