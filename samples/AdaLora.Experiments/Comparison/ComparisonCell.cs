using AdaLora.Experiments.Settings;

namespace AdaLora.Experiments.Comparison;

/// <summary>One run of a comparison.</summary>
/// <param name="panel">The group of rows that are compared with each other, such as a task.</param>
/// <param name="row">What is compared, such as a method.</param>
/// <param name="settings">The run itself.</param>
/// <param name="choice">What was chosen for it by trying, such as a learning rate; null if nothing was.</param>
internal sealed class ComparisonCell(string panel, string row, RunSettings settings, string? choice = null)
{
    public string Panel => panel;

    public string Row => row;

    public RunSettings Settings => settings;

    public string? Choice => choice;

    public int Seed => Settings.Get(RunOptions.Seed);

    public string Name => $"{Panel} · {Row} · seed {Settings.Get(RunOptions.Seed)}";
}
