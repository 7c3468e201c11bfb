using System.Globalization;

namespace AdaLora.Benchmarks;

/// <summary>PEFT on PyTorch, if it is there: a folder of Python packages, and a script that is no part of this project.</summary>
internal sealed class PeftProgram : ITrainingProgram
{
    private readonly PythonPeer _peer;
    private readonly string _script;

    private PeftProgram(PythonPeer peer, string script) => (_peer, _script) = (peer, script);

    public string Name => "PEFT";

    /// <param name="packages">The folder with torch, transformers and peft; null if it was not given.</param>
    /// <param name="sharedFolder">The folder that holds peers/peft_glue.py.</param>
    /// <exception cref="SkippedException">Something is missing; the message says what.</exception>
    public static PeftProgram Find(string? packages, string sharedFolder)
    {
        var peer = PythonPeer.Find(packages);
        var script = Path.Combine(sharedFolder, "peers", "peft_glue.py");
        return File.Exists(script)
            ? new PeftProgram(peer, Path.GetFullPath(script))
            : throw new SkippedException("PEFT is skipped: there is no peers/peft_glue.py in the folder of shared material; ADALORA_SHARED says where that is.");
    }

    public TrainingReport RunBlock(PeerWork work, int steps) => Run(
        work,
        "--fixed-len", "1", "--steps-only", Text(steps), "--max-steps", Text(BlockPlan.TotalSteps(steps)), "--tinit", "0", "--tfinal", Text(BlockPlan.FinalFraction), "--deltaT", "1");

    public TrainingReport Train(PeerWork work, int epochs, int? maxSteps = null) => Run(
        work,
        "--epochs", Text(epochs), "--max-steps", Text(maxSteps ?? 0), "--tinit", Text(PeerSettings.InitialFraction), "--tfinal", Text(PeerSettings.FinalFraction), "--deltaT",
            Text(PeerSettings.MaskInterval));

    private TrainingReport Run(PeerWork work, params IEnumerable<string> rest) => TrainingReport.Of(_peer.Run(_script, [.. Common(work), .. rest]));

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

    private static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);
}
