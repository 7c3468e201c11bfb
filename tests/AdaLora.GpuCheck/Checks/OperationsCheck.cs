using System.Diagnostics;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>What single operations cost the host, here and in Python, on tensors so small that the card is never behind.</summary>
internal sealed class OperationsCheck : ICheck
{
    private const int Repetitions = 2000, QuickRepetitions = 20, Chain = 50;

    public string Name => "operations";

    public string Title => "Microseconds of the host for an operation on small tensors";

    public double LeastSeconds => 10;

    public void Run(CheckContext context)
    {
        var repetitions = context.IsQuick ? QuickRepetitions : Repetitions;
        var own = Measure(context, repetitions);
        var rows = own.ToDictionary(one => one.Name, one => new List<double?> { one.Microseconds });
        try
        {
            var python = context.Peft.Operations(repetitions, Chain);
            foreach (var (name, values) in rows)
                values.Add(python.TryGetValue(name, out var value) ? value : null);
        }
        catch (CheckSkippedException e)
        {
            context.Note($"Without Python: {e.Message}");
        }

        context.Add(new CheckTable("Operations", rows.Values.First().Count == 2 ? ["here", "PyTorch"] : ["here"], [.. rows.Select(row => new CheckRow(row.Key, row.Value))]));
    }

    private static List<(string Name, double Microseconds)> Measure(CheckContext context, int repetitions)
    {
        using var scope = NewDisposeScope();
        var (x, y) = (randn([16, 64], device: context.Device), randn([16, 64], device: context.Device));
        var weight = randn([64, 64], device: context.Device);
        var trained = randn([64, 64], device: context.Device);
        trained.requires_grad = true;
        return
        [
            ("mul_ in place", Time(context, repetitions, () => x.mul_(y))),
            ("mul, new tensor", Time(context, repetitions, () => x.mul(y).Dispose())),
            ("mm", Time(context, repetitions, () => x.mm(weight).Dispose())),
            ("view", Time(context, repetitions, () => x.view(64, 16).Dispose())),
            ("mm with a graph", Time(context, repetitions, () => x.mm(trained).Dispose())),
            ("mm forward and backward, in a chain", Time(context, Math.Max(1, repetitions / Chain), () =>
            {
                using var inner = NewDisposeScope();
                var chain = x;
                for (var i = 0; i < Chain; i++)
                    chain = chain.mm(trained);
                chain.sum().backward();
            }) / Chain),
        ];
    }

    private static double Time(CheckContext context, int repetitions, Action operation)
    {
        for (var i = 0; i < Math.Min(repetitions, 100); i++)
            operation();
        context.Synchronize();
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < repetitions; i++)
            operation();
        context.Synchronize();
        return watch.Elapsed.TotalMicroseconds / repetitions;
    }
}
