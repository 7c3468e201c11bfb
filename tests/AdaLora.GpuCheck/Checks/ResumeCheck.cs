using System.Diagnostics;
using AdaLora.Tests.Training.Checkpoints;
using AdaLora.TestSupport;

namespace AdaLora.GpuCheck;

/// <summary>A training run whose process is killed and that resumes from its checkpoint ends like an undisturbed one.</summary>
internal sealed class ResumeCheck : ICheck
{
    private const double Dropout = 0.2;

    public string Name => "resume";

    public string Title => "Checkpoint, kill, resume";

    public double LeastSeconds => 15;

    public void Run(CheckContext context)
    {
        using var folder = new TemporaryFolder();
        var (whole, killed) = (folder.File("whole"), folder.File("killed"));
        Kill(context, killed);
        context.Require(Directory.Exists(killed) && Directory.EnumerateFiles(killed).Any(), $"The killed process left no checkpoint.");

        var (undisturbed, resumed) = (Train(whole, resume: false), Train(killed, resume: true));
        context.Note($"Of {undisturbed.Losses.Count} batches, the resumed run trained on the last {resumed.Losses.Count}.");
        context.Require(resumed.Losses.Count < undisturbed.Losses.Count, $"The second process started from the beginning.");
        var differing = undisturbed.Losses.TakeLast(resumed.Losses.Count).Zip(resumed.Losses).Count(pair => !pair.First.SequenceEqual(pair.Second));
        context.Require(differing == 0, $"{differing} of {resumed.Losses.Count} losses differ from those of the undisturbed run.");
        context.Require(undisturbed.Weights.SequenceEqual(resumed.Weights), $"The trained weights differ from those of the undisturbed run.");
        context.Require(undisturbed.Best.SequenceEqual(resumed.Best), $"The best weights differ.");

        Rehearsal.Trace Train(string path, bool resume) => KilledTraining.Rehearse(context.Device, path, Dropout).Run(resume);
    }

    private static void Kill(CheckContext context, string folder)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["--device", context.Options.Device, "--killed-training", folder]) { UseShellExecute = false };
        using var process = Process.Start(start)!;
        process.WaitForExit();
        context.Require(process.ExitCode != 0, $"The process should have killed itself before batch {KilledTraining.KilledAt}, but it ended normally.");
    }
}
