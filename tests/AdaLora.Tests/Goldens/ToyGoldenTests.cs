using System.Text.Json;
using AdaLora.Adapters;
using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Targeting;
using AdaLora.TestSupport;
using AdaLora.Training;
using AdaLora.Training.LearningRates;
using AdaLora.Training.Progress;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Goldens;

/// <summary>Complete training runs, step by step, through the public trainer.</summary>
public sealed class ToyGoldenTests
{
    private const double Tolerance = 1e-9;

    public static TheoryData<string> Files => GoldenSet.Names("toy_*");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Files))]
    public void Every_step_of_the_training_matches(string file)
    {
        using var golden = GoldenSet.Open(file);
        using var init = GoldenSet.Open("toy_init");
        var json = golden.Json;
        using var model = new ToyModel(init, [.. json.GetProperty("layers").EnumerateArray().Select(e => e.GetString()!)]);
        using var adapted = AdaLoraModel.Attach(model, Options(json));
        LoadAdapters(adapted, init);
        using var trainer = new Trainer(adapted, TrainerSettings(json));
        var steps = new List<TrainingProgress>();

        trainer.Fit(
            Batches(init, json),
            batch => Loss(model, init, batch),
            progress: new Recorder(p =>
            {
                steps.Add(p);
                CompareStep(golden, json.GetProperty("per_step"), adapted, p);
            }));

        Assert.Equal(json.GetProperty("total_step").GetInt32(), steps.Count);
        CompareEnd(golden, init, model, adapted);
    }

    private static AdaLoraOptions Options(JsonElement json) => new()
    {
        InitialRank = json.GetProperty("init_r").GetInt32(),
        TargetRank = json.GetProperty("target_r").GetInt32(),
        Alpha = json.GetProperty("lora_alpha").GetDouble(),
        Targets = TargetModules.Globs("layers.*"),
        TrainedModules = ["head"],
        InitialPhase = PhaseLength.Steps(json.GetProperty("tinit").GetInt64()),
        FinalPhase = PhaseLength.Steps(json.GetProperty("tfinal").GetInt64()),
        MaskInterval = json.GetProperty("deltaT").GetInt64(),
        Beta1 = json.GetProperty("beta1").GetDouble(),
        Beta2 = json.GetProperty("beta2").GetDouble(),
        OrthogonalityWeight = json.GetProperty("orth_weight").GetDouble(),
        SensitivityTiming = json.GetProperty("order").GetString() == "paper" ? SensitivityTiming.BeforeOptimizerStep : SensitivityTiming.AfterOptimizerStep,
    };

    private static TrainerOptions TrainerSettings(JsonElement json) => new()
    {
        TotalSteps = json.GetProperty("total_step").GetInt64(),
        LearningRate = json.GetProperty("base_lr").GetDouble(),
        WeightDecay = json.GetProperty("weight_decay").GetDouble(),
        Warmup = PhaseLength.Steps(json.GetProperty("warmup_steps").GetInt64()),
        Decay = json.GetProperty("lr_schedule").GetString() == "constant" ? LearningRateDecay.Constant : LearningRateDecay.Linear,
        MaxGradientNorm = json.GetProperty("clip_max_norm") is { ValueKind: JsonValueKind.Number } clip ? clip.GetDouble() : null,
        GradientAccumulation = json.GetProperty("accumulation").GetInt32(),
        ReportEvery = 1,
        // The reference masks to the end, and its penalty counts what is masked.
        CompactWhenFinal = false,
        OptimizerFactory = json.GetProperty("optimiser").GetString() == "sgd" ? (parameters, rate) => optim.SGD(parameters, rate) : null,
    };

    private static void LoadAdapters(AdaLoraModel adapted, GoldenSet init)
    {
        using var noGrad = no_grad();
        foreach (var adapter in adapted.Adapters)
        {
            foreach (var (name, parameter) in adapter.named_parameters(recurse: false))
                parameter.copy_(init[$"init.{ShortName(adapter)}.{name}"]);
        }
    }

    private static IEnumerable<Tensor> Batches(GoldenSet init, JsonElement json)
    {
        for (var step = 0; step < json.GetProperty("total_step").GetInt32(); step++)
        {
            for (var micro = 0; micro < json.GetProperty("accumulation").GetInt32(); micro++)
                yield return init["batch_indices"][step, micro];
        }
    }

    private static Tensor Loss(ToyModel model, GoldenSet init, Tensor rows)
    {
        using var scope = NewDisposeScope();
        return nn.functional.cross_entropy(model.call(init["x"].index_select(0, rows)), init["labels"].index_select(0, rows)).MoveToOuterDisposeScope();
    }

    private static void CompareStep(GoldenSet golden, JsonElement perStep, AdaLoraModel adapted, TrainingProgress progress)
    {
        var row = (int)progress.Step - 1;
        var t = perStep.GetProperty("t")[row].GetInt32();
        Number("task_loss", progress.Loss);
        Number("regulariser", progress.Penalty!.Value);
        Number("grad_norm", progress.GradientNorm);
        Number("lr", progress.LearningRate);
        Assert.Equal(perStep.GetProperty("budget")[row].GetInt32(), progress.Budget);
        var ranks = perStep.GetProperty("pattern_ranks")[row];
        if (ranks.ValueKind == JsonValueKind.Array)
        {
            Assert.Equal(ranks.EnumerateArray().Select(e => e.GetInt32()), adapted.Adapters.Select(a => adapted.ReadPattern().RankOf(a.Slot.Name)));
            Assert.Equal(ranks.EnumerateArray().Sum(e => e.GetInt32()), progress.LiveTriplets);
        }

        using var scope = NewDisposeScope();
        Assert.Equal(
            perStep.GetProperty("nonzero_lambdas")[row].EnumerateArray().Select(e => e.GetInt64()),
            adapted.Adapters.Select(a => a.get_parameter("lora_E")!.count_nonzero().item<long>()));
        CompareParameters(golden, $"after_t{t}", adapted);
        CompareAverages(golden, $"after_t{t}", adapted);

        void Number(string key, double actual)
        {
            var expected = perStep.GetProperty(key)[row].GetDouble();
            Assert.True(Math.Abs(expected - actual) <= Tolerance * TestDevice.ToleranceFactor, $"{key} at t = {t}: {actual:R} instead of {expected:R}");
        }
    }

    private static void CompareParameters(GoldenSet golden, string prefix, AdaLoraModel adapted)
    {
        foreach (var adapter in adapted.Adapters)
        {
            foreach (var (name, parameter) in adapter.named_parameters(recurse: false))
            {
                var key = $"{prefix}.{ShortName(adapter)}.{name}";
                if (golden.Has(key))
                    Close.Absolute(golden[key], parameter, Tolerance, key);
            }
        }
    }

    private static void CompareAverages(GoldenSet golden, string prefix, AdaLoraModel adapted)
    {
        foreach (var adapter in adapted.Adapters)
        {
            var name = ShortName(adapter);
            foreach (var (key, flat) in (IEnumerable<(string, Tensor)>)[("exp_avg_ipt", adapted.Tracker.Sensitivity), ("exp_avg_unc", adapted.Tracker.Uncertainty)])
            {
                if (!golden.Has($"{prefix}.{key}.{name}.A"))
                    continue;
                Close.Absolute(golden[$"{prefix}.{key}.{name}.A"], flat.Right(adapter.Slot), Tolerance, $"{prefix}.{key}.{name}.A");
                Close.Absolute(golden[$"{prefix}.{key}.{name}.E"], flat.Lambda(adapter.Slot), Tolerance, $"{prefix}.{key}.{name}.E");
                Close.Absolute(golden[$"{prefix}.{key}.{name}.B"], flat.Left(adapter.Slot), Tolerance, $"{prefix}.{key}.{name}.B");
            }
        }
    }

    private static void CompareEnd(GoldenSet golden, GoldenSet init, ToyModel model, AdaLoraModel adapted)
    {
        using var scope = NewDisposeScope();
        CompareParameters(golden, "final", adapted);
        Close.Absolute(golden["final.head.weight"], model.Head.weight, Tolerance, "head.weight");
        Close.Absolute(golden["final.head.bias"], model.Head.bias!, Tolerance, "head.bias");
        var pattern = adapted.ReadPattern();
        Close.Exactly(golden["final.rank_mask"].to(ScalarType.Bool).cpu().data<bool>().ToArray(), [.. adapted.Adapters.SelectMany(a => pattern[a.Slot.Name])], "rank mask");
        model.eval();
        Close.Absolute(golden["final_logits"], model.call(init["x"]), Tolerance, "logits");
    }

    private static string ShortName(SvdAdapter adapter) => adapter.Slot.Name[(adapter.Slot.Name.LastIndexOf('.') + 1)..];

    private sealed class Recorder(Action<TrainingProgress> record) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => record(value);
    }
}
