using System.Diagnostics;
using AdaLora.Benchmarks;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>How much work a step submits to the card, part by part, how long the host takes to submit it, and how long the card takes to do it.</summary>
internal sealed class KernelsCheck : ICheck
{
    private const int Steps = 30, QuickSteps = 2, WarmupSteps = 5, NamesShown = 12;

    public string Name => "kernels";

    public string Title => "Kernels of a budgeting step of AdaLoRA, bert-base's shape, and the time it takes to submit them to the card";

    public double LeastSeconds => 20;

    public void Run(CheckContext context)
    {
        using var counter = context.IsOnCard ? LaunchCounter.Start() : null;
        if (context.IsOnCard && counter is null)
            context.Note($"CUPTI is not loaded, so kernels are not counted.");
        foreach (var (dtype, precision) in (IEnumerable<(ScalarType, string)>)[(ScalarType.Float32, "fp32"), (ScalarType.BFloat16, "bf16")])
            Measure(context, new CardModel("bert-base", context.IsQuick, context.Device), dtype, precision, counter);
    }

    private static void Measure(CheckContext context, CardModel card, ScalarType dtype, string precision, LaunchCounter? counter)
    {
        using var training = new StepParts(card, dtype);
        using var inputs = card.Inputs();
        var parts = training.Of(inputs);
        for (var step = 0; step < WarmupSteps; step++)
            Each(parts, part => part.Do());
        var (given, done) = MedianTimes(context, parts);
        var counts = new Dictionary<string, LaunchCounts>();
        if (counter is not null)
            Each(parts, part => counts[part.Name] = counter.Count(part.Do, context.Synchronize));
        var rows = parts.Select(part => new CheckRow(part.Name,
            [counts.GetValueOrDefault(part.Name)?.Launches, counts.GetValueOrDefault(part.Name)?.CopiesAndFills, given[part.Name], done[part.Name]])).ToList();
        rows.Add(new CheckRow("all", [.. Enumerable.Range(0, 4).Select(column => rows.All(row => row.Values[column] is not null) ? rows.Sum(row => row.Values[column]) : null)]));
        context.Add(new CheckTable($"{precision}, {training.Adapters} adapters", ["kernels", "copies and fills", "ms until the host has given it", "ms until it is done"], rows));
        foreach (var (name, count) in counts)
            context.Note($"{precision}, {name}: {string.Join(", ", count.Kernels.OrderByDescending(kernel => kernel.Value).Take(NamesShown).Select(kernel => $"{kernel.Value} {Short(kernel.Key)}"))}");
    }

    // Each part begins with an idle card.
    private static (Dictionary<string, double> Given, Dictionary<string, double> Done) MedianTimes(CheckContext context, IReadOnlyList<(string Name, bool IsOwn, Action Do)> parts)
    {
        var (given, done) = (parts.ToDictionary(part => part.Name, _ => new List<double>()), parts.ToDictionary(part => part.Name, _ => new List<double>()));
        for (var step = 0; step < (context.IsQuick ? QuickSteps : Steps); step++)
        {
            Each(parts, part =>
            {
                context.Synchronize();
                var watch = Stopwatch.StartNew();
                part.Do();
                given[part.Name].Add(watch.Elapsed.TotalMilliseconds);
                context.Synchronize();
                done[part.Name].Add(watch.Elapsed.TotalMilliseconds);
            });
        }

        return (Median(given), Median(done));

        static Dictionary<string, double> Median(Dictionary<string, List<double>> times) => times.ToDictionary(time => time.Key, time => Medians.Of(time.Value));
    }

    private static void Each(IReadOnlyList<(string Name, bool IsOwn, Action Do)> parts, Action<(string Name, bool IsOwn, Action Do)> use)
    {
        using var scope = NewDisposeScope();
        foreach (var part in parts)
            use(part);
    }

    // What distinguishes kernels of one template is in the middle of their mangled names.
    private static string Short(string name) => name.Length <= 100 ? name : name[..60] + "…" + name[^39..];
}
