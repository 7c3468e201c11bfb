using AdaLora.Glue;
using AdaLora.Transformers.Models;
using AdaLora.Transformers.Models.Bert;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>
/// Times whole training steps of AdaLoRA in its phases beside LoRA of equal initial rank, LoRA of the final rank, the head alone and full fine-tuning. Contenders take turns step by step,
/// so that whatever else the machine does hits all of them; only ratios mean anything.
/// </summary>
internal static class StepBenchmark
{
    private const int InitialRank = 12;
    private const int TargetRank = 8;

    public static IReadOnlyList<BenchmarkRow> Run(StepBenchmarkSettings settings)
    {
        set_num_threads(settings.Threads);
        manual_seed(1).Dispose();
        var contenders = new List<Contender>
        {
            Lora("LoRA r 12 (baseline)", settings, InitialRank),
            Lora("LoRA r 8", settings, TargetRank),
            AdaLora("AdaLoRA r 12, warm-up", settings, initial: 1_000_000, total: 3_000_000),
            AdaLora("AdaLoRA r 12 to 8, mask every step", settings, initial: 0, total: 3_000_000),
            AdaLora("AdaLoRA, compacted to mean rank 8", settings, initial: 0, total: 4),
            Plain("head alone", settings, TrainingMethod.Frozen),
            Plain("full fine-tuning", settings, TrainingMethod.Full),
        };
        var inputs = StepInputs.Create(settings.Batch, settings.Length, 1000);
        for (var step = -settings.Warmup; step < settings.Steps; step++)
        {
            foreach (var contender in contenders)
                contender.Step(inputs, count: step >= 0);
        }

        var rows = BenchmarkRow.From(contenders.Select(c => (c.Name, (IReadOnlyList<double>)c.Milliseconds)));
        contenders.ForEach(c => c.Dispose());
        return rows;
    }

    private static SequenceClassifier Model(StepBenchmarkSettings settings) => settings.Model is { } folder
        ? SequenceClassifier.FromPretrained(folder, 2, seed: 1)
        : new BertForSequenceClassification(new BertConfig { VocabularySize = 1000, HiddenDropout = settings.Dropout, AttentionDropout = settings.Dropout }, 2, seed: 1);

    private static TrainSettings Settings(StepBenchmarkSettings settings, TrainingMethod method, int rank) => new()
    {
        Task = GlueTasks.Find("cola"),
        Data = "",
        Model = settings.Model ?? "",
        Method = method,
        Dropout = settings.Dropout,
        InitialRank = InitialRank,
        TargetRank = rank,
    };

    private static Contender AdaLora(string name, StepBenchmarkSettings settings, long initial, long total)
    {
        var model = Model(settings);
        return new Contender(name, model, AdaLoraModel.Attach(model, new AdaLoraOptions
        {
            InitialRank = InitialRank,
            TargetRank = TargetRank,
            Dropout = settings.Dropout,
            Targets = ModelPreparation.TargetsOf(Settings(settings, TrainingMethod.AdaLora, TargetRank)),
            TrainedModules = [.. ModelPreparation.HeadOf(model).Select(h => h.name)],
            InitialPhase = PhaseLength.Steps(initial),
            FinalPhase = PhaseLength.Steps(total > 1000 ? 1000 : 2),
            MaskInterval = 1,
            TotalSteps = total,
            Seed = 1,
        }));
    }

    private static Contender Lora(string name, StepBenchmarkSettings settings, int rank) => Plain(name, settings, TrainingMethod.Lora, rank);

    private static Contender Plain(string name, StepBenchmarkSettings settings, TrainingMethod method, int rank = TargetRank)
    {
        var model = Model(settings);
        return new Contender(name, model, ModelPreparation.Prepare(model, Settings(settings, method, rank), NullLogger.Instance));
    }
}
