using System.Diagnostics;
using AdaLora.Benchmarks;

namespace AdaLora.GpuCheck;

/// <summary>Lets contenders take turns, a block of steps each; the card is idle before and after a block.</summary>
/// <param name="context">Says how long there is.</param>
/// <param name="model">What they train.</param>
internal sealed class Rounds(CheckContext context, CardModel model)
{
    private const int WarmupSteps = 5, BlockSteps = 5;

    // 35 steps of each contender.
    private const int Most = 7;

    // Another round is not started with less time left.
    private const double ReserveSeconds = 20;

    /// <summary>Steps of each contender that the latest medians are of.</summary>
    public int Steps { get; private set; }

    /// <returns>The median milliseconds of a step by name, over blocks.</returns>
    public IReadOnlyDictionary<string, double> Measure(IReadOnlyList<Contender> own, IReadOnlyList<PeftRequest> peft)
    {
        using var inputs = model.Inputs();
        List<(string Name, Func<int, double> Block)> all =
            [.. own.Select(contender => (contender.Name, (Func<int, double>)(steps => Block(contender, inputs, steps)))),
            .. peft.Select(request => (request.Name, (Func<int, double>)(steps => context.Peft.Steps(request, steps))))];
        foreach (var (_, block) in all)
            _ = block(WarmupSteps);
        var milliseconds = all.ToDictionary(one => one.Name, _ => new List<double>());
        var rounds = context.IsQuick ? 1 : Most;
        for (Steps = 0; Steps < rounds * BlockSteps && (Steps == 0 || context.Deadline.SecondsLeft > ReserveSeconds); Steps += BlockSteps)
        {
            foreach (var (name, block) in all)
                milliseconds[name].Add(block(BlockSteps) / BlockSteps);
        }

        return milliseconds.ToDictionary(one => one.Key, one => Medians.Of(one.Value));
    }

    private double Block(Contender contender, StepInputs inputs, int steps)
    {
        context.Synchronize();
        var watch = Stopwatch.StartNew();
        for (var step = 0; step < steps; step++)
            contender.Step(inputs);
        context.Synchronize();
        return watch.Elapsed.TotalMilliseconds;
    }
}
