using System.Diagnostics;
using AdaLora.Benchmarks;
using AdaLora.Training;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>What regulariser, norm, clipping and allocator take of a step, with the device idle at both ends of each part.</summary>
internal static class AllocatorShare
{
    /// <returns>Medians in milliseconds.</returns>
    public static (double Own, double Step) Measure(CheckContext context, CardModel card, ScalarType dtype, int steps)
    {
        using var model = card.Create(dtype);
        using var adapted = AdaLoraModel.Attach(model, AdapterPlan.Budgeting(model, CardModel.Dropout, maskInterval: 1));
        using var optimizer = new FusedAdamW(adapted.TrainableParameters, 1e-3);
        using var inputs = card.Inputs();
        model.train();
        var (own, whole) = (new List<double>(), new List<double>());
        for (var step = -5; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            var other = Time(() =>
            {
                optimizer.zero_grad();
                model.Loss(model.call(inputs.Ids, inputs.Mask, inputs.Types), inputs.Labels).backward();
            });
            var before = Time(() => adapted.BeforeOptimizerStep(1.0));
            other += Time(() => optimizer.step());
            var allocation = before + Time(adapted.AfterOptimizerStep);
            if (step < 0)
                continue;
            own.Add(allocation);
            whole.Add(other + allocation);
        }

        adapted.Detach();
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
