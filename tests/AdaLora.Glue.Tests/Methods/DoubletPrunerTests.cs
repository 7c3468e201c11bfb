using AdaLora.Allocation;
using AdaLora.Experiments.Methods;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Glue.Tests.Methods;

/// <summary>Pruning of LoRA's doublets, against the same arithmetic in plain numbers.</summary>
public sealed class DoubletPrunerTests
{
    private const int Matrices = 3;
    private const int Rank = 4;
    private const int In = 5;
    private const int Out = 2;

    [Fact]
    public void The_doublets_that_a_plain_reference_keeps_are_kept()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5, CPU);
        var adapters = Enumerable.Range(0, Matrices).Select(_ => (Down: Draw(Rank, In), Up: Draw(Out, Rank))).ToList();
        var states = adapters.Select(adapter => new DoubletState(adapter.Down, adapter.Up)).ToList();
        var schedule = new BudgetSchedule(Matrices * Rank, 5, totalSteps: 12, initialSteps: 2, finalSteps: 3, interval: 2);
        var pruner = new DoubletPruner(states, schedule);
        var reference = adapters.SelectMany(_ => Enumerable.Range(0, Rank).Select(_ => new Doublet())).ToList();

        for (var step = 0; step < 12; step++)
        {
            foreach (var (down, up) in adapters)
            {
                (down.grad, up.grad) = (randn([Rank, In], generator: generator), randn([Out, Rank], generator: generator));
                using (no_grad())
                {
                    down.add_(down.grad, alpha: -0.1);
                    up.add_(up.grad, alpha: -0.1);
                }
            }

            for (var i = 0; i < reference.Count; i++)
                reference[i].Track(Entries(adapters[i / Rank], i % Rank), isScored: step < 9);
            if ((step > 2 && step % 2 == 0 && step < 9) || step == 9)
            {
                foreach (var pruned in reference.OrderByDescending(doublet => doublet.Score).Skip(schedule.BudgetAt(step)))
                    pruned.IsKept = false;
            }

            pruner.AfterStep();

            Assert.Equal(reference.Select(doublet => doublet.IsKept), Enumerable.Range(0, reference.Count).Select(i => Entries(adapters[i / Rank], i % Rank).Any(entry => entry.Value != 0)));
        }

        Assert.Equal(5, reference.Count(doublet => doublet.IsKept));

        Parameter Draw(int rows, int columns) => new(randn([rows, columns], generator: generator));
    }

    // Of a row of A and a column of B, in that order.
    private static List<(double Value, double Gradient, bool IsOfA)> Entries((Parameter Down, Parameter Up) adapter, int index)
    {
        using var scope = NewDisposeScope();
        double[] Read(Tensor tensor) => [.. tensor.detach().clone().data<float>().Select(value => (double)value)];
        return
        [
            .. Read(adapter.Down[index]).Zip(Read(adapter.Down.grad![index]), (value, gradient) => (value, gradient, true)),
            .. Read(adapter.Up[.., index]).Zip(Read(adapter.Up.grad![.., index]), (value, gradient) => (value, gradient, false)),
        ];
    }

    private sealed class Doublet
    {
        private readonly double[] _sensitivity = new double[In + Out];
        private readonly double[] _uncertainty = new double[In + Out];

        public bool IsKept { get; set; } = true;

        public double Score => Enumerable.Range(0, In + Out).Sum(i => _sensitivity[i] * _uncertainty[i] / (i < In ? In : Out));

        public void Track(List<(double Value, double Gradient, bool IsOfA)> entries, bool isScored)
        {
            for (var i = 0; isScored && i < entries.Count; i++)
            {
                var change = Math.Abs(entries[i].Value * entries[i].Gradient);
                _sensitivity[i] = (0.85 * _sensitivity[i]) + (0.15 * change);
                _uncertainty[i] = (0.85 * _uncertainty[i]) + (0.15 * Math.Abs(change - _sensitivity[i]));
            }
        }
    }
}
