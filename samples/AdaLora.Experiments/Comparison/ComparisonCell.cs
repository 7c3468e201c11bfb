using AdaLora.Experiments.Settings;

namespace AdaLora.Experiments.Comparison;

/// <summary>One run of a comparison.</summary>
/// <param name="panel">The group of rows that are compared with each other, such as a task.</param>
/// <param name="row">What is compared, such as a method.</param>
/// <param name="settings">The run itself.</param>
internal sealed class ComparisonCell(string panel, string row, RunSettings settings)
{
    public string Panel => panel;

    public string Row => row;

    public RunSettings Settings => settings;

    public string Name => $"{Panel} · {Row} · seed {Settings.Get(RunOptions.Seed)}";
}
