using System.Diagnostics;
using AdaLora.Benchmarks;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>What regulariser, norm, clipping and allocator take of a step, with the device idle at both ends of each part.</summary>
internal static class AllocatorShare
{
    /// <returns>Medians in milliseconds.</returns>
    public static (double Own, double Step) Measure(CheckContext context, CardModel card, ScalarType dtype, int steps)
    {
        using var training = new StepParts(card, dtype);
        using var inputs = card.Inputs();
        var parts = training.Of(inputs);
        var (own, whole) = (new List<double>(), new List<double>());
        for (var step = -5; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            var times = parts.Select(part => (part.IsOwn, Milliseconds: Time(part.Do))).ToList();
            if (step < 0)
                continue;
            own.Add(times.Where(time => time.IsOwn).Sum(time => time.Milliseconds));
            whole.Add(times.Sum(time => time.Milliseconds));
        }

        return (Medians.Of(own), Medians.Of(whole));

        double Time(Action work)
        {
            context.Synchronize();
            var watch = Stopwatch.StartNew();
            work();
            context.Synchronize();
            return watch.Elapsed.TotalMilliseconds;
        }
    }
}
