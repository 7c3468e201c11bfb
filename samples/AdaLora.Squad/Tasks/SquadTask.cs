using AdaLora.Experiments.Tasks;

namespace AdaLora.Squad.Tasks;

/// <summary>Finding answers in texts, in a version of SQuAD.</summary>
internal sealed class SquadTask : ITask
{
    /// <summary>Every question has an answer (Rajpurkar et al., 2016).</summary>
    public static SquadTask Version1 { get; } = new("v1.1", allowsNone: false, new PaperSettings(1e-3, 10, 0.1, 5000, 100, 25_000, 87_599, 16));

    /// <summary>Some questions have none (Rajpurkar et al., 2018).</summary>
    public static SquadTask Version2 { get; } = new("v2.0", allowsNone: true, new PaperSettings(1e-3, 12, 0.1, 5000, 100, 50_000, 130_319, 16));

    private SquadTask(string version, bool allowsNone, PaperSettings paper) => (Version, AllowsNone, Paper) = (version, allowsNone, paper);

    /// <summary>As it stands in the names of files.</summary>
    public string Version { get; }

    /// <summary>Whether a question may have no answer.</summary>
    public bool AllowsNone { get; }

    public string Name => $"squad-{Version}";

    public string Folder => "squad";

    public string PrimaryMetric => "f1";

    public PaperSettings Paper { get; }

    public string? FindProblemOfData(string? path) => Directory.Exists(path) || File.Exists(path)
        ? null
        : $"{(path is null ? "nothing is given" : $"'{path}' does not exist")}; give a folder with train-{Version}.json and dev-{Version}.json, or a file in that format";

    public ITaskData Read(TaskInputs inputs) => new SquadData(this, inputs);

    public override string ToString() => Name;
}
