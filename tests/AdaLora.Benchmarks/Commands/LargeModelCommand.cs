using System.CommandLine;
using System.Diagnostics;
using AdaLora.Experiments.Programs;
using AdaLora.Internals;
using AdaLora.Training;
using AdaLora.Transformers;
using AdaLora.Transformers.Families.Llama;
using AdaLora.Transformers.Loading;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>
/// A Llama of TinyLlama's shape, 1.1 billion parameters with random weights: written in bfloat16, then loaded, trained with checkpointing, and merged, each in a process of its own so that peaks of
/// memory are its own.
/// </summary>
internal static class LargeModelCommand
{
    private static readonly LlamaConfig TinyLlama = new()
    {
        VocabularySize = 32_000,
        HiddenSize = 2048,
        IntermediateSize = 5632,
        Layers = 22,
        Heads = 32,
        KeyValueHeads = 4,
        MaxPositions = 2048,
    };

    public static Command Create()
    {
        var folder = new Option<string>("--folder") { Description = "Where the checkpoint is, or is written to.", Required = true };
        var write = new Option<bool>("--write") { Description = "Write the checkpoint, 2.2 GB, and do no more." };
        var steps = new Option<int>("--steps") { DefaultValueFactory = _ => 20 };
        var length = new Option<int>("--length") { DefaultValueFactory = _ => 512 };
        var command = new Command("large-model", "Loads, trains and merges a model of 1.1 billion parameters, and says how much memory that took.") { folder, write, steps, length };
        command.SetAction(line =>
        {
            if (line.GetValue(write))
                Write(line.GetRequiredValue(folder));
            else
                Train(line.GetRequiredValue(folder), line.GetValue(steps), line.GetValue(length));
        });
        return command;
    }

    private static void Write(string folder)
    {
        using var model = AutoModel.NewCausalLM(TinyLlama, seed: 1);
        _ = model.to(ScalarType.BFloat16);
        model.SaveCheckpoint(folder, maxShardBytes: 1 << 30);
    }

    private static void Train(string folder, int steps, int length)
    {
        var time = Stopwatch.StartNew();
        using var model = AutoModel.CausalLM(folder, new PretrainedOptions { Dtype = ScalarType.BFloat16 });
        Report("loaded", time);
        model.Decoder.GradientCheckpointing = true;
        var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(steps) with { Seed = 1 });
        var ids = rand(1, length).Mul(TinyLlama.VocabularySize).to(ScalarType.Int64);
        using (var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = steps, LearningRate = 1e-3, ReportEvery = 1 }))
            trainer.Fit(Enumerable.Repeat(ids, steps), batch => model.LossSum(batch, null, batch), progress: new Reporter(time));
        Report("trained", time);
        adapted.MergeAndDetach();
        model.SaveCheckpoint(Path.Combine(folder, "merged"), maxShardBytes: 1 << 30);
        Report("merged and saved", time);
    }

    private static void Report(string what, Stopwatch time) => Console.WriteLine(FormattableString.Invariant($"{what} after {time.Elapsed.TotalSeconds:0} s, peak {ProcessMemory.PeakMegabytes():0} MiB"));

    private sealed class Reporter(Stopwatch time) : IProgress<Training.Progress.TrainingProgress>
    {
        public void Report(Training.Progress.TrainingProgress value) => LargeModelCommand.Report(FormattableString.Invariant($"step {value.Step}: loss {value.Loss:0.000}"), time);
    }
}
