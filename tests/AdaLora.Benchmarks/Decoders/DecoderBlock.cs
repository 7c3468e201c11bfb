using System.Diagnostics;
using AdaLora.Allocation;
using AdaLora.Training;
using AdaLora.Transformers;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>A few training steps of a decoder, all in the budgeting phase, or prompts that are continued, with random tokens.</summary>
internal static class DecoderBlock
{
    private const int FirstWord = 3;

    /// <returns>The milliseconds of every step, or of every token.</returns>
    public static IReadOnlyList<double> Run(DecoderWork work)
    {
        set_num_threads(work.Threads);
        manual_seed(1).Dispose();
        using var model = AutoModel.CausalLM(work.Model, new PretrainedOptions { Dtype = ElementTypes.Of(work.ElementType) });
        return work.Kind == DecoderWork.Step ? TimeSteps(model, work) : TimeTokens(model, work);
    }

    private static List<double> TimeSteps(CausalLM model, DecoderWork work)
    {
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions
        {
            InitialRank = AdapterPlan.InitialRank,
            TargetRank = AdapterPlan.TargetRank,
            Dropout = work.Dropout,
            InitialPhase = PhaseLength.Steps(0),
            FinalPhase = PhaseLength.Steps(BlockPlan.FinalSteps(work.Steps)),
            TotalSteps = BlockPlan.TotalSteps(work.Steps),
            MaskInterval = 1,
            Seed = 1,
        });
        using optim.Optimizer optimizer = new FusedAdamW(adapted.TrainableParameters, 1e-3);
        model.train();
        var milliseconds = new List<double>();
        for (var step = 0; step < work.Steps; step++)
        {
            using var scope = NewDisposeScope();
            var ids = randint(FirstWord, model.Config.VocabularySize, [work.Batch, work.Length], dtype: ScalarType.Int64);
            var mask = ones_like(ids);
            var watch = Stopwatch.StartNew();
            optimizer.zero_grad();
            model.Loss(ids, mask, ids).backward();
            adapted.BeforeOptimizerStep(1.0);
            optimizer.step();
            adapted.AfterOptimizerStep();
            milliseconds.Add(watch.Elapsed.TotalMilliseconds);
        }

        return milliseconds;
    }

    private static List<double> TimeTokens(CausalLM model, DecoderWork work)
    {
        model.eval();
        var random = new Random(1);
        var prompts = Enumerable.Range(0, work.Batch).Select(_ => Enumerable.Range(0, work.Length).Select(_ => random.Next(FirstWord, model.Config.VocabularySize)).ToArray()).ToList();
        // The end token is forbidden, so that all texts have the same length.
        var generator = new TextGenerator(model, new GenerationOptions { MinNewTokens = work.NewTokens, MaxNewTokens = work.NewTokens, EndIds = model.Config.EndIds });
        var milliseconds = new List<double>();
        for (var step = 0; step < work.Steps; step++)
        {
            var watch = Stopwatch.StartNew();
            _ = generator.Generate(prompts);
            milliseconds.Add(watch.Elapsed.TotalMilliseconds / work.NewTokens);
        }

        return milliseconds;
    }
}
