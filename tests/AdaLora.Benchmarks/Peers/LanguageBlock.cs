using System.Diagnostics;
using AdaLora.Allocation;
using AdaLora.Training;
using AdaLora.Transformers.Generation;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>What is timed of models that write: training steps, all in the budgeting phase, and texts that are written.</summary>
internal static class LanguageBlock
{
    /// <param name="model">The model, which is adapted meanwhile.</param>
    /// <param name="dropout">Dropout before the adapters.</param>
    /// <param name="steps">The number of steps.</param>
    /// <param name="draw">Draws the batch of a step, outside its time, and returns what computes its loss.</param>
    /// <returns>The milliseconds of every step.</returns>
    public static List<double> TimeSteps(nn.Module model, double dropout, int steps, Func<Func<Tensor>> draw)
    {
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions
        {
            InitialRank = AdapterPlan.InitialRank,
            TargetRank = AdapterPlan.TargetRank,
            Dropout = dropout,
            InitialPhase = PhaseLength.Steps(0),
            FinalPhase = PhaseLength.Steps(BlockPlan.FinalSteps(steps)),
            TotalSteps = BlockPlan.TotalSteps(steps),
            MaskInterval = 1,
            Seed = 1,
        });
        using optim.Optimizer optimizer = new FusedAdamW(adapted.TrainableParameters, 1e-3);
        model.train();
        var milliseconds = new List<double>();
        for (var step = 0; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            var loss = draw();
            var watch = Stopwatch.StartNew();
            optimizer.zero_grad();
            loss().backward();
            adapted.BeforeOptimizerStep(1.0);
            optimizer.step();
            adapted.AfterOptimizerStep();
            milliseconds.Add(watch.Elapsed.TotalMilliseconds);
        }

        return milliseconds;
    }

    /// <param name="generator">Writes texts of the same length.</param>
    /// <param name="texts">How many texts are read together, and how many tokens each has.</param>
    /// <param name="words">The first token that occurs in them, and the one after the last.</param>
    /// <param name="steps">How often they are read.</param>
    /// <param name="written">Tokens that are written for each.</param>
    /// <returns>The milliseconds of every token, for each time.</returns>
    public static List<double> TimeTokens(TextGenerator generator, (int Count, int Length) texts, (int First, int End) words, int steps, int written)
    {
        var random = new Random(1);
        var prompts = Enumerable.Range(0, texts.Count).Select(_ => Enumerable.Range(0, texts.Length).Select(_ => random.Next(words.First, words.End)).ToArray()).ToList();
        var milliseconds = new List<double>();
        for (var step = 0; step < steps; step++)
        {
            var watch = Stopwatch.StartNew();
            _ = generator.Generate(prompts);
            milliseconds.Add(watch.Elapsed.TotalMilliseconds / written);
        }

        return milliseconds;
    }
}
