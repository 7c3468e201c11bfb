using AdaLora.Experiments.Settings;

namespace AdaLora.Experiments.Comparison;

/// <summary>One run of a comparison.</summary>
/// <param name="Panel">The group of rows that are compared with each other, such as a task.</param>
/// <param name="Row">What is compared, such as a method.</param>
/// <param name="Settings">The run itself.</param>
internal sealed record ComparisonCell(string Panel, string Row, RunSettings Settings)
{
    public string Name => $"{Panel} · {Row} · seed {Settings.Get(RunOptions.Seed)}";
}
