using AdaLora.Allocation;
using AdaLora.Devices;
using AdaLora.Internals;
using AdaLora.Targeting;
using AdaLora.Training;
using AdaLora.Transformers.Families.Bert;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>A custom loop through warm-up, masks and the settled pattern: it may neither grow nor wait for the device.</summary>
internal sealed class SteadyStepsCheck : ICheck
{
    private const int WholeSteps = 300, QuickSteps = 60, Counts = 3;

    public string Name => "steady";

    public string Title => "300 steps: live tensors, memory of the card, reads";

    public double LeastSeconds => 10;

    public void Run(CheckContext context)
    {
        var steps = context.IsQuick ? QuickSteps : WholeSteps;
        var config = new BertConfig { VocabularySize = 100, HiddenSize = 128, IntermediateSize = 256, Layers = 3, Heads = 4 };
        using var model = new BertForSequenceClassification(config, 2, seed: 1);
        model.to(context.Device);
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions
        {
            InitialRank = 6,
            TargetRank = 3,
            Dropout = 0.1,
            Targets = TargetModules.AllLinear,
            TrainedModules = ["classifier", "bert.pooler"],
            MaskInterval = 5,
            InitialPhase = PhaseLength.Fraction(0.15),
            FinalPhase = PhaseLength.Fraction(0.15),
            TotalSteps = steps,
            Seed = 1,
        });
        using var optimizer = new FusedAdamW(adapted.TrainableParameters, 1e-3);
        model.train();
        // Of several lengths, so that steps differ.
        var batches = ((int[])[12, 16, 24])
            .Select(length => (Ids: randint(5, 100, [8, length], dtype: ScalarType.Int64, device: context.Device),
            Labels: randint(0, 2, [8], dtype: ScalarType.Int64, device: context.Device))).ToList();
        var rows = new List<CheckRow>();
        var before = HostRead.Total;
        for (var step = 1; step <= steps; step++)
        {
            using (NewDisposeScope())
            {
                var (ids, labels) = batches[step % batches.Count];
                optimizer.zero_grad();
                model.Loss(model.call(ids, null, null), labels).backward();
                _ = adapted.BeforeOptimizerStep(1.0);
                optimizer.step();
                adapted.AfterOptimizerStep();
            }

            if (step % (steps / Counts) == 0)
                rows.Add(new CheckRow($"after {step} steps", [LiveTensors(context), TorchDevices.MemoryOf(context.Device)?.UsedBytes / (double)(1 << 20), HostRead.Total - before]));
        }

        context.Add(new CheckTable("Counts", ["live tensors", "MiB of the card in use", "reads of the library"], rows));
        for (var column = 0; column < 2; column++)
        {
            var counts = rows.Select(row => row.Values[column]).Distinct().ToList();
            context.Require(counts.Count == 1, $"{((string[])["Live tensors", "MiB of the card in use"])[column]} grow: {string.Join(", ", counts)}.");
        }

        context.Require(rows[^1].Values[2] == 0, $"The library read {rows[^1].Values[2]} numbers from the device.");
        context.Require(adapted.IsPatternFinal && adapted.LiveTriplets == adapted.Adapters.Count * 3, $"{adapted.LiveTriplets} triplets are alive.");
    }

    // Those that only wait for their finaliser are not alive.
    private static double LiveTensors(CheckContext context)
    {
        context.Synchronize();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }
}
