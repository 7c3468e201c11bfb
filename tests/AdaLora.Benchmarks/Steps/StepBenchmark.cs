using AdaLora.Adapters.FrozenWeights;
using AdaLora.Experiments.Methods;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>Times whole training steps of AdaLoRA in each of its phases, compared with LoRA of the initial and of the mean final rank, the head alone and full fine-tuning.</summary>
internal static class StepBenchmark
{
    /// <summary>The cost of AdaLoRA in addition to the adapters themselves shows in comparison with LoRA of the same rank: before pruning, and after compaction.</summary>
    private const string InitialBaseline = "LoRA r 12";

    private const string FinalBaseline = "LoRA r 8";

    /// <summary>Rounds after which the final phases are reached and everything is allocated.</summary>
    private const int LeastWarmup = 5;

    public static BenchmarkTable Run(Workload workload, Pace pace)
    {
        set_num_threads(pace.Threads);
        manual_seed(1).Dispose();
        using var inputs = StepInputs.Random(workload.Batch, workload.Length);
        var contenders = Contenders(workload).ToList();
        try
        {
            var timings = Turns.Take([.. contenders.Select(c => (c.Name, (Action)(() => c.Step(inputs))))], pace with { Warmup = Math.Max(LeastWarmup, pace.Warmup) });
            return new BenchmarkTable(workload.Title, TimedRows.From(timings, InitialBaseline, FinalBaseline), NoteOn(workload));
        }
        finally
        {
            contenders.ForEach(c => c.Dispose());
        }
    }

    private static IEnumerable<Contender> Contenders(Workload workload)
    {
        yield return Contender.Plain(InitialBaseline, workload, TrainingMethods.Lora, AdapterPlan.InitialRank);
        yield return Contender.Plain(FinalBaseline, workload, TrainingMethods.Lora, AdapterPlan.TargetRank);
        yield return Contender.AdaLora("AdaLoRA, warm-up", workload, model => AdapterPlan.WarmUp(model, workload.Dropout));
        if (workload.Base == ScalarType.Float32)
            yield return Contender.AdaLora("AdaLoRA, warm-up, int8 base", workload, model => AdapterPlan.WarmUp(model, workload.Dropout), precision: BasePrecision.Int8);
        yield return Contender.AdaLora("AdaLoRA, budgeting, deltaT 1", workload, model => AdapterPlan.Budgeting(model, workload.Dropout, maskInterval: 1));
        yield return Contender.AdaLora("AdaLoRA, budgeting, deltaT 10", workload, model => AdapterPlan.Budgeting(model, workload.Dropout, maskInterval: 10));
        yield return Contender.AdaLora("AdaLoRA, final, masked", workload, model => AdapterPlan.Final(model, workload.Dropout), compacts: false);
        yield return Contender.AdaLora("AdaLoRA, final, compacted", workload, model => AdapterPlan.Final(model, workload.Dropout));
        yield return Contender.Plain("head alone", workload, TrainingMethods.Frozen);
        yield return Contender.Plain("full fine-tuning", workload, TrainingMethods.Full);
    }

    private static string? NoteOn(Workload workload) => workload.Base == ScalarType.Float32
        ? null
        : $"The frozen layers under AdaLoRA's adapters are computed in {ElementTypes.NameOf(workload.Base)}; everything else and all other contenders are in {ElementTypes.Single}.";
}
