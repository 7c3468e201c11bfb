using System.CommandLine;
using System.Globalization;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;

namespace AdaLora.Experiments.Comparison;

/// <summary>What a comparison tries for each method and task before it trains with several seeds: learning rates, and for methods with lambdas, factors of theirs.</summary>
internal sealed class LearningRateSweep
{
    private readonly Option<IReadOnlyList<double>?> _rates = ParsedOption.Create<IReadOnlyList<double>?>(
        "--sweep-lr", "Learning rates to try for each method and task, such as 3e-4,1e-3,3e-3: each is trained once, with a part of the training set kept aside, and the best one is used for all seeds.",
        "NUMBERS", ListArguments.RealNumbers);

    private readonly Option<IReadOnlyList<double>?> _factors = ParsedOption.Create<IReadOnlyList<double>?>(
        "--sweep-lambda-lr-factor", $"Values of {RunOptions.LambdaRateFactor} to try with each learning rate, for methods that read it.", "NUMBERS", ListArguments.RealNumbers);

    private readonly Option<double> _heldOut = ParsedOption.Number("--sweep-held-out", "The part of the training set that is kept aside while learning rates are tried.", 0.1);

    public LearningRateSweep(Command command)
    {
        foreach (var option in (Option[])[_rates, _factors, _heldOut])
            command.Add(option);
    }

    /// <summary>Whether anything is to be tried.</summary>
    public bool IsWanted(ParseResult line) => line.GetValue(_rates) is { Count: > 0 } || line.GetValue(_factors) is { Count: > 0 };

    /// <summary>What to try instead of some settings, each with a name that says in what it differs from the others.</summary>
    public IReadOnlyList<(string Name, RunSettings Settings)> Candidates(ParseResult line, RunSettings settings) =>
    [
        .. from rate in line.GetValue(_rates) is { Count: > 0 } rates ? rates : [settings.Get(RunOptions.LearningRate)]
           from factor in FactorsOf(line, settings)
           let chosen = settings.With(RunOptions.LearningRate, rate)
           select (Name(rate, factor), factor is { } some ? chosen.With(RunOptions.LambdaRateFactor, some) : chosen),
    ];

    /// <summary>The same settings with a part of the training set kept aside.</summary>
    public RunSettings HoldOut(ParseResult line, RunSettings settings) => line.GetValue(_heldOut) is > 0 and < 1 and var part
        ? settings.With(RunOptions.HeldOut, part)
        : throw new UserInputException($"{_heldOut.Name}: must lie between 0 and 1, but is {line.GetValue(_heldOut).ToString(CultureInfo.InvariantCulture)}.");

    private IEnumerable<double?> FactorsOf(ParseResult line, RunSettings settings) =>
        settings.Method.Options.Contains(RunOptions.LambdaRateFactor) && line.GetValue(_factors) is { Count: > 0 } factors ? factors.Select(f => (double?)f) : [null];

    private static string Name(double rate, double? factor) =>
        string.Create(CultureInfo.InvariantCulture, $"lr {rate}{(factor is { } some ? $" lambda x {some}" : "")}");
}
