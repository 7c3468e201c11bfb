using System.Text.Json;
using AdaLora.Allocation;
using AdaLora.Bank;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Goldens;

public sealed class NonFiniteGoldenTests
{
    public static TheoryData<string> Runs
    {
        get
        {
            var data = new TheoryData<string>();
            if (!File.Exists(TestSupport.TestMaterial.Golden("core", "nonfinite.json")))
                return data;
            using var golden = GoldenSet.Open("nonfinite");
            foreach (var run in golden.Json.GetProperty("runs").EnumerateArray())
                data.Add(run.GetProperty("kind").GetString()!);
            return data;
        }
    }

    /// <summary>Whatever is wrong with the gradients of one step, the trajectory is the one without that step's update.</summary>
    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Runs))]
    public void A_bad_gradient_leaves_the_importance_untouched(string kind)
    {
        using var golden = GoldenSet.Open("nonfinite");
        var json = golden.Json;
        using var matrices = new GoldenMatrices(json.GetProperty("matrices"), ScalarType.Float64);
        var bank = matrices.Bank;
        using var tracker = new ImportanceTracker(bank, json.GetProperty("beta1").GetDouble(), json.GetProperty("beta2").GetDouble());
        var allocator = new RankAllocator(bank, GoldenSchedule.From(json), tracker);
        using var norm = new GradientNorm([bank.Values]);
        var expected = kind == "clean" ? "clean" : "inf_update_skipped";
        var badStep = json.GetProperty("bad_step").GetInt32();
        var freeze = json.GetProperty("finalise_step").GetInt32();

        for (var t = 0; t <= json.GetProperty("total_step").GetInt32(); t++)
        {
            using var scope = NewDisposeScope();
            matrices.Load(golden, "param", t, bank.Values);
            matrices.Load(golden, "grad", t, bank.Gradients);
            if (t == badStep)
                Spoil(json, kind, bank);
            norm.Measure(null);
            allocator.Track(t, bank.Values, bank.Gradients, norm.IsFinite);
            if (t <= freeze)
                Close.RelativeToMaximum(golden.At($"{expected}.score", t), matrices.InListedOrder(allocator.Scores(bank.Values)), 1e-12, $"score at {t}");
            allocator.Mask(t, bank.Values);
            Close.Absolute(golden.At($"{expected}.E_after", t), matrices.InListedOrder(bank.Values.Lambdas(bank.Layout)), 0, $"lambda after {t}");
        }

        Assert.Equal(kind == "clean" ? 0 : 1, tracker.ReadRejected());
    }

    private static void Spoil(JsonElement json, string kind, TripletBank bank)
    {
        if (kind == "clean")
            return;
        if (kind == "nan_everywhere")
        {
            bank.Gradients.fill_(float.NaN);
            return;
        }

        var entry = json.GetProperty(kind == "nan" ? "nan_entry" : "inf_entry");
        var slot = bank.Layout[entry.GetProperty("matrix").GetString()!];
        var view = entry.GetProperty("part").GetString() switch
        {
            "A" => bank.Gradients.Right(slot),
            "E" => bank.Gradients.Lambda(slot),
            _ => bank.Gradients.Left(slot),
        };
        view[entry.GetProperty("index")[0].GetInt64(), entry.GetProperty("index")[1].GetInt64()] = tensor(kind == "nan" ? double.NaN : double.PositiveInfinity, device: view.device);
    }
}
