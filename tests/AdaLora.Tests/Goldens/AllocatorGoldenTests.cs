using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Goldens;

public sealed class AllocatorGoldenTests
{
    public static TheoryData<string> Files => GoldenSet.Names("allocator_*");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Files))]
    public void Driven_trajectory_matches_statistics_scores_and_masks(string file)
    {
        using var golden = GoldenSet.Open(file);
        var json = golden.Json;
        var dtype = json.GetProperty("dtype").GetString() == "float64" ? ScalarType.Float64 : ScalarType.Float32;
        var tolerance = dtype == ScalarType.Float64 ? 1e-12 : 3e-6;
        using var matrices = new GoldenMatrices(json.GetProperty("matrices"), dtype);
        var bank = matrices.Bank;
        using var tracker = new ImportanceTracker(bank, json.GetProperty("beta1").GetDouble(), json.GetProperty("beta2").GetDouble());
        var allocator = new RankAllocator(bank, GoldenSchedule.From(json), tracker);
        using var finite = tensor(true, device: TestDevice.Current);
        var perStep = json.GetProperty("per_step");
        var freeze = json.GetProperty("finalise_step").GetInt32();

        for (var t = 0; t < perStep.GetProperty("step").GetArrayLength(); t++)
        {
            using var scope = NewDisposeScope();
            matrices.Load(golden, "param", t, bank.Values);
            matrices.Load(golden, "grad", t, bank.Gradients);
            allocator.Track(t, bank.Values, bank.Gradients, finite);
            var scores = allocator.Scores(bank.Values);
            var masked = allocator.Mask(t, bank.Values);

            Assert.Equal(perStep.GetProperty("applied")[t].GetBoolean(), masked);
            foreach (var slot in bank.Layout.Slots)
            {
                if (t <= freeze)
                {
                    GoldenMatrices.Compare(golden, "exp_avg_ipt", t, tracker.Sensitivity, slot, tolerance);
                    GoldenMatrices.Compare(golden, "exp_avg_unc", t, tracker.Uncertainty, slot, tolerance);
                }

                Close.Absolute(golden.At($"E_after.{slot.Name}", t), bank.Values.Lambda(slot), 0, $"lambda of {slot.Name} after {t}");
            }

            if (t <= freeze)
                Close.RelativeToMaximum(golden.At("score", t), matrices.InListedOrder(scores), tolerance, $"score at {t}");
            if (masked)
            {
                Close.Exactly(golden.At("mask", t).cpu().data<bool>().ToArray(), matrices.InListedOrder(allocator.ReadPattern()), $"mask at {t}");
                Assert.Equal(perStep.GetProperty("kept")[t].GetInt32(), allocator.LiveTriplets);
            }
        }
    }
}
