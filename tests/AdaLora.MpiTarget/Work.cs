using System.Globalization;
using System.Security.Cryptography;
using AdaLora.HostileTarget;
using AdaLora.Processes;
using AdaLora.Tests.Models;
using AdaLora.Training;
using static TorchSharp.torch;

namespace AdaLora.Tests;

/// <summary>A training of a tiny model with dropout, masks and compaction, which writes what became of it after each step.</summary>
internal static class Work
{
    public static int Run(Plan plan, IProcessGroup group, CancellationToken cancellation)
    {
        set_num_threads(1);
        using var record = new StreamWriter(Path.Combine(plan.Folder, group.Rank.ToString(CultureInfo.InvariantCulture))) { AutoFlush = true };
        record.WriteLine($"process {Environment.ProcessId}");
        record.WriteLine($"host {Environment.MachineName}");
        if (plan["trouble"] == "tensors")
            PassBadTensors(group, record);
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { Dropout = plan.Real("dropout") });
        using var trainer = new Trainer(adapted, new TrainerOptions
        {
            TotalSteps = plan.Number("steps"),
            LearningRate = plan.Real("rate") * (plan["trouble"] == "rate" && group.Rank == plan.Number("rank") ? 2 : 1),
            GradientAccumulation = plan.Number("accumulation"),
            EvaluateEvery = 1,
            ReportEvery = 1,
            Seed = 5,
            BestBeforeFinal = true,
            Group = group,
            Checkpoints = plan["checkpoints"] is { Length: > 0 } folder ? new CheckpointOptions { Folder = folder, Every = plan.Number("accumulation"), Resume = true } : null,
        });
        var batches = 0;
        var step = 0;
        var result = trainer.Fit(
            TinyTask.Batches(10),
            batch =>
            {
                Thread.Sleep(plan.Number("delay"));
                var loss = TinyTask.Loss(model, batch);
                if (++batches != plan.Number("batch") || group.Rank != plan.Number("rank"))
                    return loss;
                return plan["trouble"] switch
                {
                    "nan" => loss.mul(tensor(float.NaN)),
                    "throw" => throw new InvalidTimeZoneException("an exception of the test"),
                    "sleep" => After(TimeSpan.FromSeconds(14), loss),
                    _ => loss,
                };
            },
            () =>
            {
                record.WriteLine($"step {Hash(adapted)}");
                if (++step % plan.Number("memory") == 0)
                    record.WriteLine($"memory {Memory()}");
                Console.WriteLine($"{group.Rank} did step {step}");
                return 0;
            },
            cancellation: cancellation);
        record.WriteLine($"end {result.StopReason} {result.Steps} {result.SkippedSteps} {adapted.IsCompacted}");
        using var scope = NewDisposeScope();
        File.WriteAllBytes(Path.Combine(plan.Folder, $"{group.Rank}.weights"), Weights(adapted));
        return 0;
    }

    private static void PassBadTensors(IProcessGroup group, TextWriter record)
    {
        foreach (var (name, make) in BadTensors.All)
        {
            foreach (var (member, call) in new (string, Action<Tensor>)[] { ("AllReduce", group.AllReduce), ("Broadcast", bad => group.Broadcast(bad, 1)) })
            {
                using var scope = NewDisposeScope();
                var bad = make();
                var outcome = "taken";
                try
                {
                    call(bad);
                }
                catch (Exception e)
                {
                    outcome = e.GetType().Name;
                }

                record.WriteLine($"bad {member} {name}: {outcome}");
            }
        }
    }

    // Bytes in use, after everything that nothing refers to is gone.
    private static long Memory()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return Environment.WorkingSet;
    }

    private static Tensor After(TimeSpan time, Tensor loss)
    {
        Thread.Sleep(time);
        return loss;
    }

    private static string Hash(AdaLoraModel adapted)
    {
        using var scope = NewDisposeScope();
        return Convert.ToHexString(SHA256.HashData(Weights(adapted)));
    }

    private static byte[] Weights(AdaLoraModel adapted) => [.. adapted.TrainableParameters.SelectMany(p => p.detach().contiguous().bytes.ToArray())];
}
