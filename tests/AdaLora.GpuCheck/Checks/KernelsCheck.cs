using System.Diagnostics;
using AdaLora.Benchmarks;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>
/// How much a step gives to the card, part by part, and how long the host needs to do so. The host's time is that of a step whose tensors are so small that the card is never behind.
/// </summary>
internal sealed class KernelsCheck : ICheck
{
    private const int Steps = 30, QuickSteps = 2, WarmupSteps = 5, NamesShown = 12;

    public string Name => "kernels";

    public string Title => "Kernels of a budgeting step of AdaLoRA, bert-base's shape, and what giving them to the card takes";

    public double LeastSeconds => 20;

    public void Run(CheckContext context)
    {
        using var counter = context.IsOnCard ? LaunchCounter.Start() : null;
        if (context.IsOnCard && counter is null)
            context.Note($"CUPTI is not loaded, so that kernels are not counted.");
        foreach (var (dtype, precision) in (IEnumerable<(ScalarType, string)>)[(ScalarType.Float32, "fp32"), (ScalarType.BFloat16, "bf16")])
            Measure(context, new CardModel("bert-base", context.IsQuick, context.Device), dtype, precision, counter);
    }

    private static void Measure(CheckContext context, CardModel card, ScalarType dtype, string precision, LaunchCounter? counter)
    {
        using var training = new StepParts(card, dtype);
        using var small = StepInputs.Random(1, 16).To(context.Device);
        using var whole = card.Inputs();
        var parts = training.Of(small);
        var names = parts.Select(part => part.Name).ToList();
        for (var step = 0; step < WarmupSteps; step++)
            Each(parts, part => part.Do());
        // Counting slows calls down: times first.
        var host = MedianTimes(context, parts, wait: false);
        var busy = MedianTimes(context, training.Of(whole), wait: true);
        var counts = new Dictionary<string, LaunchCounts>();
        if (counter is not null)
            Each(training.Of(whole), part => counts[part.Name] = counter.Count(part.Do, context.Synchronize));
        var rows = names.Select(name => new CheckRow(name, [counts.GetValueOrDefault(name)?.Launches, counts.GetValueOrDefault(name)?.CopiesAndFills, host[name], busy[name]])).ToList();
        rows.Add(new CheckRow("all", [.. Enumerable.Range(0, 4).Select(column => rows.All(row => row.Values[column] is not null) ? rows.Sum(row => row.Values[column]) : null)]));
        context.Add(new CheckTable($"{precision}, {training.Adapters} adapters", ["kernels", "copies and fills", "ms of the host, 1 x 16", "ms, waiting after each part, 32 x 128"], rows));
        foreach (var (name, count) in counts)
            context.Note($"{precision}, {name}: {string.Join(", ", count.Kernels.OrderByDescending(kernel => kernel.Value).Take(NamesShown).Select(kernel => $"{kernel.Value} {Short(kernel.Key)}"))}; calls: {string.Join(", ", count.Calls.OrderByDescending(call => call.Value).Take(6).Select(call => $"{call.Value} {call.Key}"))}");
    }

    private static Dictionary<string, double> MedianTimes(CheckContext context, IReadOnlyList<(string Name, bool IsOwn, Action Do)> parts, bool wait)
    {
        var times = parts.ToDictionary(part => part.Name, _ => new List<double>());
        for (var step = 0; step < (context.IsQuick ? QuickSteps : Steps); step++)
        {
            context.Synchronize();
            Each(parts, part =>
            {
                var watch = Stopwatch.StartNew();
                part.Do();
                if (wait)
                    context.Synchronize();
                times[part.Name].Add(watch.Elapsed.TotalMilliseconds);
            });
        }

        return times.ToDictionary(time => time.Key, time => Medians.Of(time.Value));
    }

    private static void Each(IReadOnlyList<(string Name, bool IsOwn, Action Do)> parts, Action<(string Name, bool IsOwn, Action Do)> use)
    {
        using var scope = NewDisposeScope();
        foreach (var part in parts)
            use(part);
    }

    // What tells kernels of one template apart stands in the middle of their mangled names.
    private static string Short(string name) => name.Length <= 100 ? name : name[..60] + "…" + name[^39..];
}
