using System.Diagnostics;
using AdaLora.Benchmarks;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>What regulariser, norm, clipping and allocator take of a step.</summary>
internal sealed class AllocatorShare : IDisposable
{
    private const int WarmupSteps = 5, BlockSteps = 5;

    private readonly CheckContext _context;
    private readonly StepParts _training;
    private readonly StepInputs _inputs;
    private readonly IReadOnlyList<(string Name, bool IsOwn, Action Do)> _parts;

    public AllocatorShare(CheckContext context, CardModel card, ScalarType dtype)
    {
        _context = context;
        _training = new StepParts(card, dtype);
        _inputs = card.Inputs();
        _parts = _training.Of(_inputs);
        for (var step = 0; step < WarmupSteps; step++)
            Step(withOwn: true);
    }

    /// <summary>Steps with these parts and steps without them in turns, a block each; the device is idle only before and after a block, as in a training.</summary>
    /// <param name="rounds">Blocks of each.</param>
    /// <returns>Medians in milliseconds.</returns>
    public (double With, double Without) MeasureRunning(int rounds)
    {
        var (with, without) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            with.Add(Block(withOwn: true));
            without.Add(Block(withOwn: false));
        }

        return (Medians.Of(with), Medians.Of(without));
    }

    /// <summary>With the device idle at both ends of each part.</summary>
    /// <returns>Medians in milliseconds: these parts, and a step.</returns>
    public (double Own, double Step) MeasurePartByPart(int steps)
    {
        var (own, whole) = (new List<double>(), new List<double>());
        for (var step = 0; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            var times = _parts.Select(part => (part.IsOwn, Milliseconds: Time(part.Do))).ToList();
            own.Add(times.Where(time => time.IsOwn).Sum(time => time.Milliseconds));
            whole.Add(times.Sum(time => time.Milliseconds));
        }

        return (Medians.Of(own), Medians.Of(whole));
    }

    public void Dispose()
    {
        _inputs.Dispose();
        _training.Dispose();
    }

    private double Block(bool withOwn) => Time(() =>
    {
        for (var step = 0; step < BlockSteps; step++)
            Step(withOwn);
    }) / BlockSteps;

    private void Step(bool withOwn)
    {
        using var scope = NewDisposeScope();
        foreach (var part in _parts)
        {
            if (withOwn || !part.IsOwn)
                part.Do();
        }
    }

    private double Time(Action work)
    {
        _context.Synchronize();
        var watch = Stopwatch.StartNew();
        work();
        _context.Synchronize();
        return watch.Elapsed.TotalMilliseconds;
    }
}
