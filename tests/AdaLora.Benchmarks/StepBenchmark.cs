using AdaLora.Glue;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>Times whole training steps of AdaLoRA in its phases beside LoRA of equal initial rank, LoRA of the final rank, the head alone and full fine-tuning.</summary>
internal static class StepBenchmark
{
    public static IReadOnlyList<BenchmarkRow> Run(StepBenchmarkSettings settings)
    {
        set_num_threads(settings.Threads);
        manual_seed(1).Dispose();
        var contenders = new List<Contender>
        {
            Plain("LoRA r 12 (baseline)", settings, TrainingMethods.Lora, BenchmarkModels.InitialRank),
            Plain("LoRA r 8", settings, TrainingMethods.Lora),
            AdaLora("AdaLoRA r 12, warm-up", settings, initial: 1_000_000, total: 3_000_000),
            AdaLora("AdaLoRA r 12 to 8, mask every step", settings, initial: 0, total: 3_000_000),
            AdaLora("AdaLoRA, compacted to mean rank 8", settings, initial: 0, total: 4),
            Plain("head alone", settings, TrainingMethods.Frozen),
            Plain("full fine-tuning", settings, TrainingMethods.Full),
        };
        var inputs = StepInputs.Create(settings.Batch, settings.Length, 1000);
        var rows = Turns.Take([.. contenders.Select(c => (c.Name, (Action)(() => c.Step(inputs))))], settings.Warmup, settings.Steps);
        contenders.ForEach(c => c.Dispose());
        return rows;
    }

    private static Contender AdaLora(string name, StepBenchmarkSettings settings, long initial, long total)
    {
        var model = BenchmarkModels.Create(settings);
        return new Contender(name, model, AdaLoraModel.Attach(model, BenchmarkModels.Adapters(model, settings, initial, total)));
    }

    private static Contender Plain(string name, StepBenchmarkSettings settings, TrainingMethod method, int rank = BenchmarkModels.TargetRank)
    {
        var model = BenchmarkModels.Create(settings);
        return new Contender(name, model, method.Prepare(model, BenchmarkModels.Method(settings, method, rank), NullLogger.Instance));
    }
}
