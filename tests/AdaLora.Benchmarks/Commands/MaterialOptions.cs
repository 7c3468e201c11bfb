using System.CommandLine;
using AdaLora.Experiments.Settings;
using AdaLora.Glue.Tasks;

namespace AdaLora.Benchmarks;

/// <summary>A checkpoint and a task, on the command line; by default those of the shared material.</summary>
internal sealed class MaterialOptions
{
    private readonly Option<string?> _model = new("--model") { Description = "A checkpoint folder. [default: all-MiniLM-L6-v2 of the shared material]", HelpName = "DIR" };
    private readonly Option<string?> _data = new("--data") { Description = "The GLUE folder. [default: that of the shared material]", HelpName = "DIR" };
    private readonly Option<GlueTask> _task;

    public MaterialOptions(string task)
    {
        _task = ParsedOption.Create("--task", "A GLUE task.", "NAME", GlueTasks.Find);
        _task.DefaultValueFactory = _ => GlueTasks.Find(task);
    }

    public IEnumerable<Option> All => [_model, _data, _task];

    /// <summary>The checkpoint folder.</summary>
    /// <exception cref="SkippedException">It was not given, and is not in the shared material.</exception>
    public string Model(ParseResult line) => line.GetValue(_model) is { } folder ? WorkloadOptions.Existing(folder) : SharedMaterial.Model;

    /// <summary>The GLUE folder.</summary>
    /// <exception cref="SkippedException">It was not given, and is not in the shared material.</exception>
    public string Data(ParseResult line) => line.GetValue(_data) ?? SharedMaterial.Glue;

    public GlueTask Task(ParseResult line) => line.GetRequiredValue(_task);
}
