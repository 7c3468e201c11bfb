using System.Collections.Immutable;
using System.Text.Json.Nodes;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Tasks;

namespace AdaLora.Experiments.Settings;

/// <summary>What a run is asked to do: the values of options that were given, and the defaults of the others.</summary>
internal sealed class RunSettings : IOptionValues
{
    private readonly ImmutableDictionary<RunOption, object?> _given;

    private RunSettings(Catalog? catalog, ImmutableDictionary<RunOption, object?> given, int? steps = null) => (Catalog, _given, Steps) = (catalog, given, steps);

    public static RunSettings Empty { get; } = new(catalog: null, ImmutableDictionary<RunOption, object?>.Empty);

    /// <summary>The application that the run is one of; null for the shared options and their defaults.</summary>
    public Catalog? Catalog { get; }

    /// <summary>The optimiser steps of the run; null before its data has been read.</summary>
    public int? Steps { get; }

    /// <summary>The options that there are.</summary>
    public IReadOnlyList<RunOption> Options => Catalog?.Options ?? RunOptions.All;

    /// <exception cref="UserInputException">There is none.</exception>
    public ITask Task => Get(RunOptions.Task) ?? throw new UserInputException($"{TaskProblem}.");

    public TrainingMethod Method => Get(RunOptions.Method);

    /// <summary>The folder for the run's files.</summary>
    public string OutputFolder => Get(RunOptions.Output);

    public string CheckpointFolder => Path.Combine(OutputFolder, "checkpoints");

    /// <summary>The defaults of an application, with its default method.</summary>
    public static RunSettings Of(Catalog catalog) => catalog.Defaults(new RunSettings(catalog, Empty._given)).With(RunOptions.Method, catalog.Methods[0]);

    public static RunSettings Of(ITask task, TrainingMethod method) => Empty.With(RunOptions.Task, task).With(RunOptions.Method, method);

    private string TaskProblem => $"{RunOptions.Task}: name one of {Catalog?.TaskNames}";

    /// <summary>The value in force.</summary>
    public T Get<T>(RunOption<T> option) => _given.TryGetValue(option, out var value) ? (T)value! : option.Default(this);

    T IOptionValues.Get<T>(IOption<T> option) => Get((RunOption<T>)option);

    /// <summary>The same settings with another value.</summary>
    public RunSettings With<T>(RunOption<T> option, T value) => new(Catalog, _given.SetItem(option, value), Steps);

    /// <summary>The same settings once it is known how many optimiser steps there are, which some defaults depend on.</summary>
    public RunSettings WithSteps(int steps) => new(Catalog, _given, steps);

    /// <summary>Whether the value in force depends on data that has not been read yet.</summary>
    public bool AwaitsData(RunOption option) => option.DefaultDependsOnData && Steps is null && !_given.ContainsKey(option);

    /// <summary>All values in force, under the names of <see cref="RunOption.Key"/>.</summary>
    public JsonObject Record() => new(Options.Where(option => option.IsRecorded).Select(option => KeyValuePair.Create(option.Key, option.Record(this))));

    /// <summary>The settings themselves, once every value is checked.</summary>
    /// <exception cref="UserInputException">They cannot be used; the message lists every problem.</exception>
    public RunSettings Validated()
    {
        // Defaults of others depend on it.
        if (Get(RunOptions.Task) is null)
            throw new UserInputException($"{TaskProblem}{Missing(RunOptions.Data)}{Missing(RunOptions.Model)}.");
        var problems = Options.Select(option => (option.Name, Text: option.FindProblem(this))).Where(found => found.Text is not null).ToList();
        return problems.Count == 0 ? this : throw new UserInputException(string.Join("; ", problems.Select(found => $"{found.Name}: {found.Text}")) + ".");
    }

    private string Missing(RunOption<string> option) => Get(option) is null ? $"; {option.Name}: is missing too" : "";
}
