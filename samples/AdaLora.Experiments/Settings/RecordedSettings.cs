using System.CommandLine;
using System.Text.Json.Nodes;
using AdaLora.Experiments.Programs;

namespace AdaLora.Experiments.Settings;

/// <summary>Settings as metrics.json keeps them, and as the arguments of a command line.</summary>
internal static class RecordedSettings
{
    /// <summary>The settings of a finished run.</summary>
    /// <param name="record">Its options under the names of <see cref="RunOption.Key"/>.</param>
    /// <param name="catalog">What there is to train.</param>
    /// <exception cref="UserInputException">They come from another version of this application.</exception>
    public static RunSettings Read(JsonObject record, Catalog catalog)
    {
        var options = new RunOptionSet(catalog);
        var command = new Command("train");
        options.AddTo(command);
        var line = command.Parse([.. Arguments(record, catalog.Options)]);
        return line.Errors.Count == 0 ? options.Bind(line) : throw new UserInputException($"The run was made by another version: {string.Join(" ", line.Errors.Select(error => error.Message))}");
    }

    /// <summary>The arguments that specify a run. Options that its method does not read are omitted, and those whose values the run itself finds in its data.</summary>
    public static IReadOnlyList<string> ArgumentsOf(RunSettings settings)
    {
        var record = settings.Record();
        foreach (var ignored in TrainingMethod.OptionsIgnoredBy(settings.Method).Concat(settings.Options.Where(settings.AwaitsData)))
            _ = record.Remove(ignored.Key);
        return [.. Arguments(record, settings.Options)];
    }

    /// <summary>The options whose values differ from those of a record, of those that make a difference to the results of a run.</summary>
    public static IEnumerable<string> Differences(RunSettings settings, JsonObject record)
    {
        var ignored = TrainingMethod.OptionsIgnoredBy(settings.Method);
        foreach (var option in settings.Options.Where(option => option.ChangesResults && option.IsRecorded && !ignored.Contains(option)))
        {
            if ((Text(option.Record(settings)), Text(Recorded(option))) is var (here, there) && here != there)
                yield return $"{option.Name}: {there} there, {here} here";
        }

        // A run made before the option existed did what its default does.
        JsonNode? Recorded(RunOption option) => record.TryGetPropertyValue(option.Key, out var value) ? value : option.Record(Unset());

        RunSettings Unset() => (settings.Catalog is { } catalog ? RunSettings.Of(catalog) : RunSettings.Empty).With(RunOptions.Task, settings.Task).With(RunOptions.Method, settings.Method);

        static string Text(JsonNode? value) => value?.ToJsonString() ?? "none";
    }

    private static IEnumerable<string> Arguments(JsonObject record, IReadOnlyList<RunOption> options)
    {
        return record.Where(entry => Text(entry.Value).Length > 0).SelectMany(entry => (string[])[NameOf(entry.Key), Text(entry.Value)]);

        // An option of another version is passed on too, so that it is named.
        string NameOf(string key) => options.FirstOrDefault(option => option.Key == key)?.Name ?? "--" + key;

        static string Text(JsonNode? value) => value is JsonArray list ? string.Join(',', list.Select(item => item!.ToString())) : value?.ToString() ?? "";
    }
}
