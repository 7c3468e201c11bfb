using System.CommandLine;
using System.Globalization;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;

namespace AdaLora.Experiments.Comparison;

/// <summary>
/// What a comparison tries for each method and task before it trains with several seeds: learning rates and, for methods that have them, factors of lambda's and scales of the adapters.
/// </summary>
internal sealed class LearningRateSweep
{
    // In the order in which a candidate's name has them.
    private static readonly Axis[] Axes =
    [
        new(RunOptions.LearningRate, "lr ", "--sweep-lr",
            "Learning rates to try for each method and task, such as 3e-4,1e-3,3e-3: each is trained once, with a part of the training set kept aside, and the best one is used for all seeds."),
        new(RunOptions.LambdaRateFactor, "lambda x ", "--sweep-lambda-lr-factor", $"Values of {RunOptions.LambdaRateFactor} to try with each learning rate, for methods that read it."),
        new(RunOptions.Alpha, "alpha ", "--sweep-alpha", $"Values of {RunOptions.Alpha} to try with each learning rate, for methods that read it."),
    ];

    private readonly (Axis Axis, Option<IReadOnlyList<double>?> Option)[] _axes =
        [.. Axes.Select(axis => (axis, ParsedOption.Create<IReadOnlyList<double>?>(axis.OptionName, axis.Description, "NUMBERS", ListArguments.RealNumbers)))];

    private readonly Option<double> _heldOut = ParsedOption.Number("--sweep-held-out", "The part of the training set that is kept aside while learning rates are tried.", 0.1);

    public LearningRateSweep(Command command)
    {
        foreach (var option in (Option[])[.. _axes.Select(a => a.Option), _heldOut])
            command.Add(option);
    }

    /// <summary>Whether anything is to be tried.</summary>
    public bool IsWanted(ParseResult line) => _axes.Any(a => line.GetValue(a.Option) is { Count: > 0 });

    /// <summary>What to try instead of some settings, each with a name that says in what it differs from the others.</summary>
    public IReadOnlyList<(string Name, RunSettings Settings)> Candidates(ParseResult line, RunSettings settings)
    {
        IReadOnlyList<(string Name, RunSettings Settings)> found = [("", settings)];
        foreach (var (axis, option) in _axes)
        {
            IReadOnlyList<double> values = axis.IsReadBy(settings) && line.GetValue(option) is { Count: > 0 } given ? given : axis.IsAlwaysNamed ? [settings.Get(axis.Setting)] : [];
            if (values.Count > 0)
                found = [.. from candidate in found from value in values select (axis.Extend(candidate.Name, value), candidate.Settings.With(axis.Setting, value))];
        }

        return found;
    }

    /// <summary>The same settings with a part of the training set kept aside.</summary>
    public RunSettings HoldOut(ParseResult line, RunSettings settings) => line.GetValue(_heldOut) is > 0 and < 1 and var part
        ? settings.With(RunOptions.HeldOut, part)
        : throw new UserInputException($"{_heldOut.Name}: must lie between 0 and 1, but is {line.GetValue(_heldOut).ToString(CultureInfo.InvariantCulture)}.");

    // One setting with several values.
    private sealed record Axis(RunOption<double> Setting, string Label, string OptionName, string Description)
    {
        // Every method is trained with a learning rate.
        public bool IsAlwaysNamed => Setting == RunOptions.LearningRate;

        public bool IsReadBy(RunSettings settings) => IsAlwaysNamed || settings.Method.Options.Contains(Setting);

        public string Extend(string name, double value) => string.Create(CultureInfo.InvariantCulture, $"{name}{(name.Length > 0 ? " " : "")}{Label}{value}");
    }
}
