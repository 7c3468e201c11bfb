using System.Globalization;

namespace AdaLora.Benchmarks;

/// <summary>PEFT on PyTorch, if it is there: a folder of Python packages, and a script that is no part of this project.</summary>
internal sealed class PeftProgram : ITrainingProgram
{
    private const string NeededPython = "Python 3.11";

    private readonly string _python;
    private readonly string _script;
    private readonly IReadOnlyDictionary<string, string> _environment;

    private PeftProgram(string python, string script, string packages)
    {
        (_python, _script) = (python, script);
        _environment = new Dictionary<string, string> { ["PYTHONPATH"] = packages, ["PYTHONNOUSERSITE"] = "1", ["HF_HUB_OFFLINE"] = "1" };
    }

    public string Name => "PEFT";

    /// <param name="packages">The folder with torch, transformers and peft; null if it was not given.</param>
    /// <param name="sharedFolder">The folder that holds peers/peft_glue.py.</param>
    /// <exception cref="SkippedException">Something is missing; the message says what.</exception>
    public static PeftProgram Find(string? packages, string sharedFolder)
    {
        if (packages is null)
            throw new SkippedException("PEFT is skipped: give the folder of its Python packages with --peers.");
        if (!Directory.Exists(Path.Combine(packages, "peft")))
            throw new SkippedException($"PEFT is skipped: there is no folder 'peft' in '{packages}'.");
        var script = Path.Combine(sharedFolder, "peers", "peft_glue.py");
        if (!File.Exists(script))
            throw new SkippedException("PEFT is skipped: there is no peers/peft_glue.py in the folder of shared material; ADALORA_SHARED says where that is.");
        var python = ((string[])["python3.11", "python3"]).FirstOrDefault(IsNeededPython)
            ?? throw new SkippedException($"PEFT is skipped: there is no {NeededPython} to run it with.");
        return new PeftProgram(python, Path.GetFullPath(script), Path.GetFullPath(packages));
    }

    public TrainingReport RunBlock(PeerWork work, int steps) => Run(
        work,
        "--fixed-len", "1", "--steps-only", Text(steps), "--max-steps", Text(BlockPlan.TotalSteps(steps)), "--tinit", "0", "--tfinal", Text(BlockPlan.FinalFraction), "--deltaT", "1");

    public TrainingReport Train(PeerWork work, int epochs, int? maxSteps = null) => Run(
        work,
        "--epochs", Text(epochs), "--max-steps", Text(maxSteps ?? 0), "--tinit", Text(PeerSettings.InitialFraction), "--tfinal", Text(PeerSettings.FinalFraction), "--deltaT",
            Text(PeerSettings.MaskInterval));

    private TrainingReport Run(PeerWork work, params IEnumerable<string> rest) => TrainingReport.Of(ChildProcess.Run(_python, [_script, .. Common(work), .. rest], _environment));

    private static IEnumerable<string> Common(PeerWork work) =>
    [
        "--task", work.Task.Folder,
        "--data", Path.GetFullPath(work.Data),
        "--model", Path.GetFullPath(work.Model),
        "--method", work.Method,
        "--seed", Text(work.Seed),
        "--batch", Text(work.Batch),
        "--maxlen", Text(work.Length),
        "--dropout", Text(work.Dropout),
        "--dtype", work.ElementType,
        "--threads", Text(work.Threads),
        "--lr", Text(PeerSettings.LearningRate),
        "--orth", Text(PeerSettings.OrthogonalityWeight),
    ];

    private static bool IsNeededPython(string name)
    {
        try
        {
            return ChildProcess.Run(name, ["--version"]).Output.StartsWith(NeededPython, StringComparison.Ordinal);
        }
        catch (ChildProcessException)
        {
            return false;
        }
    }

    private static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);
}
