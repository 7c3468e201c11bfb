using System.Collections.Immutable;
using System.Text.Json.Nodes;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Tasks;

namespace AdaLora.Experiments.Settings;

/// <summary>What a run is asked to do: the values of options that were given, and the defaults of the others.</summary>
internal sealed class RunSettings
{
    private readonly ImmutableDictionary<RunOption, object?> _given;

    private RunSettings(ImmutableDictionary<RunOption, object?> given) => _given = given;

    public static RunSettings Empty { get; } = new(ImmutableDictionary<RunOption, object?>.Empty);

    public ITask Task => Get(RunOptions.Task);

    public TrainingMethod Method => Get(RunOptions.Method);

    /// <summary>The folder for the run's files.</summary>
    public string OutputFolder => Get(RunOptions.Output);

    public string CheckpointFolder => Path.Combine(OutputFolder, "checkpoints");

    public static RunSettings Of(ITask task, TrainingMethod method) => Empty.With(RunOptions.Task, task).With(RunOptions.Method, method);

    /// <summary>The value in force.</summary>
    public T Get<T>(RunOption<T> option) => _given.TryGetValue(option, out var value) ? (T)value! : option.Default(this);

    /// <summary>The same settings with another value.</summary>
    public RunSettings With<T>(RunOption<T> option, T value) => new(_given.SetItem(option, value));

    /// <summary>All values in force, under the names of <see cref="RunOption.Key"/>.</summary>
    public JsonObject Record() => new(RunOptions.All.Where(option => option.IsRecorded).Select(option => KeyValuePair.Create(option.Key, option.Record(this))));

    /// <summary>The settings themselves, once every value is checked.</summary>
    /// <exception cref="UserInputException">They cannot be used; the message lists every problem.</exception>
    public RunSettings Validated()
    {
        var problems = RunOptions.All.Select(option => (option.Name, Text: option.FindProblem(this))).Where(problem => problem.Text is not null).ToList();
        return problems.Count == 0 ? this : throw new UserInputException(string.Join("; ", problems.Select(problem => $"{problem.Name}: {problem.Text}")) + ".");
    }
}
