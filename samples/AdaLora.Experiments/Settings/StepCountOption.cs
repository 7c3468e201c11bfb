namespace AdaLora.Experiments.Settings;

/// <summary>An option that is a number of optimiser steps.</summary>
internal sealed class StepCountOption : RunOption<StepCount>
{
    /// <summary>Steps with a default that the help shows.</summary>
    public StepCountOption(string name, string description, double @default)
        : this(name, description, _ => @default) => ShowsDefault = true;

    /// <summary>Steps whose default depends on other options; the description states it.</summary>
    public StepCountOption(string name, string description, Func<RunSettings, double> @default)
        : base(name, description, value => value.Value)
    {
        HelpName = NumberText.HelpName<double>();
        Default = settings => new StepCount(@default(settings));
        Parse = (text, _) => new StepCount(NumberText.Parse<double>(text));
        Problem = (value, settings) => value.IsValid ? Rule?.Invoke(value, settings) : $"must be a fraction of the run below 1 or a whole number of steps, but is {value}";
    }

    /// <summary>What must hold in addition; see <see cref="NumberOption{T}.Rule"/>.</summary>
    public Func<StepCount, RunSettings, string?>? Rule { get; init; }
}
