namespace AdaLora.Experiments.Settings;

/// <summary>An option that is a whole number of at least 1, or omitted.</summary>
internal sealed class OptionalNumberOption : RunOption<int?>
{
    public OptionalNumberOption(string name, string description)
        : base(name, description, value => value)
    {
        HelpName = NumberText.HelpName<int>();
        Parse = (text, _) => NumberText.Parse<int>(text);
        Problem = (value, settings) => value is { } number ? Bound.AtLeast(1).FindProblem(number) ?? Rule?.Invoke(number, settings) : null;
    }

    /// <summary>What must hold in addition to the bound, which may depend on other options: what is wrong with a number, or null.</summary>
    public Func<int, RunSettings, string?>? Rule { get; init; }
}
