using System.Text.Json;
using AdaLora.Allocation;
using AdaLora.Processes;
using AdaLora.Targeting;
using AdaLora.Tests.Goldens;
using AdaLora.Training;
using AdaLora.Training.LearningRates;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Processes;

/// <summary>Two processes that share a batch, cut in halves or unevenly, against a reference that has averaged the gradients of two replicas.</summary>
public sealed class ParallelGoldenTests
{
    private const double Tolerance = 1e-9;

    public static TheoryData<string, string> Runs =>
    [
        .. from settings in (string[])["adamw_reference", "sgd_paper"]
           from run in (string[])["single", "parallel_equal", "parallel_unequal_weighted", "parallel_unequal_mean_of_means"]
           select new TheoryDataRow<string, string>(settings, run),
    ];

    [Theory]
    [MemberData(nameof(Runs))]
    public void Every_step_and_the_end_match(string settings, string run)
    {
        var tensors = run == "parallel_unequal_mean_of_means" ? $"toy_{run}_{settings}" : $"toy_single_{settings}";
        using var golden = GoldenSet.Open($"parallel/toy_parallel_{settings}", $"parallel/{tensors}");
        using var init = GoldenSet.Open("parallel/toy_parallel_init");

        if (run == "single")
        {
            Compare(ProcessGroup.Single, golden, init, run);
            return;
        }

        ThreadGroup.Run(2, group =>
        {
            Compare(group, golden, init, run);
            return 0;
        });
    }

    private static void Compare(IProcessGroup group, GoldenSet golden, GoldenSet init, string run)
    {
        using var scope = NewDisposeScope();
        var json = golden.Json;
        using var model = new ToyModel(init, ["fc1", "fc2", "fc3"]);
        using var adapted = AdaLoraModel.Attach(model, OptionsOf(json));
        Load(adapted, init);
        long[] cut = run == "single" ? [16] : run == "parallel_equal" ? [8, 8] : [.. json.GetProperty("unequal").EnumerateArray().Select(e => e.GetInt64())];
        using var trainer = new Trainer(adapted, new TrainerOptions
        {
            TotalSteps = json.GetProperty("total_step").GetInt64(),
            LearningRate = json.GetProperty("base_lr").GetDouble(),
            WeightDecay = json.GetProperty("weight_decay").GetDouble(),
            Warmup = PhaseLength.Steps(0),
            Decay = LearningRateDecay.Constant,
            MaxGradientNorm = null,
            GradientAccumulation = cut.Length,
            ReportEvery = 1,
            CompactWhenFinal = false,
            OptimizerFactory = json.GetProperty("optimiser").GetString() == "sgd" ? (parameters, rate) => optim.SGD(parameters, rate) : null,
            Group = group,
        });
        var batches = Enumerable.Range(0, json.GetProperty("total_step").GetInt32())
            .SelectMany(step => cut.Select((length, part) => init["batch_indices"][step].narrow(0, cut[..part].Sum(), length)));

        var result = run == "parallel_unequal_weighted"
            ? trainer.Fit(batches, rows => new LossSum(Loss(model, init, rows).mul(tensor((double)rows.numel())), rows.numel()))
            : trainer.Fit(batches, rows => Loss(model, init, rows));

        CompareSteps(json.GetProperty("runs").GetProperty(run), result, run);
        foreach (var adapter in adapted.Adapters)
        {
            foreach (var (name, parameter) in adapter.named_parameters(recurse: false))
                Close.Absolute(golden[$"final.{ShortName(adapter.Slot.Name)}.{name}"], parameter, Tolerance, $"{run}: final {adapter.Slot.Name} {name}");
        }

        Close.Absolute(golden["final.head.weight"], model.Head.weight, Tolerance, $"{run}: head");
        var pattern = adapted.ReadPattern();
        Close.Exactly(golden["final.rank_mask"].to(ScalarType.Bool).data<bool>().ToArray(), [.. adapted.Adapters.SelectMany(a => pattern[a.Slot.Name])], "rank mask");
    }

    private static void CompareSteps(JsonElement expected, TrainingResult result, string run)
    {
        Assert.Equal(expected.GetProperty("t").GetArrayLength(), result.History.Count);
        foreach (var (row, step) in result.History.Index())
        {
            Number("task_loss", step.Loss);
            Number("regulariser", step.Penalty!.Value);
            Number("grad_norm", step.GradientNorm);
            Assert.Equal(expected.GetProperty("budget")[row].GetInt32(), step.Budget);

            void Number(string key, double actual)
            {
                var value = expected.GetProperty(key)[row].GetDouble();
                Assert.True(Math.Abs(value - actual) <= Tolerance, $"{run}: {key} of step {row + 1}: {actual:R} instead of {value:R}");
            }
        }
    }

    private static AdaLoraOptions OptionsOf(JsonElement json) => new()
    {
        InitialRank = json.GetProperty("init_r").GetInt32(),
        TargetRank = json.GetProperty("target_r").GetInt32(),
        Alpha = json.GetProperty("lora_alpha").GetDouble(),
        Targets = TargetModules.Globs("layers.*"),
        TrainedModules = ["head"],
        InitialPhase = PhaseLength.Steps(json.GetProperty("tinit").GetInt64()),
        FinalPhase = PhaseLength.Steps(json.GetProperty("tfinal").GetInt64()),
        MaskInterval = json.GetProperty("deltaT").GetInt64(),
        OrthogonalityWeight = json.GetProperty("orth_weight").GetDouble(),
        SensitivityTiming = json.GetProperty("order").GetString() == "paper" ? SensitivityTiming.BeforeOptimizerStep : SensitivityTiming.AfterOptimizerStep,
    };

    private static void Load(AdaLoraModel adapted, GoldenSet init)
    {
        using var noGrad = no_grad();
        foreach (var adapter in adapted.Adapters)
        {
            foreach (var (name, parameter) in adapter.named_parameters(recurse: false))
                parameter.copy_(init[$"init.{ShortName(adapter.Slot.Name)}.{name}"]);
        }
    }

    private static Tensor Loss(ToyModel model, GoldenSet init, Tensor rows)
    {
        using var scope = NewDisposeScope();
        return nn.functional.cross_entropy(model.call(init["x"].index_select(0, rows)), init["labels"].index_select(0, rows)).MoveToOuterDisposeScope();
    }

    private static string ShortName(string name) => name[(name.LastIndexOf('.') + 1)..];
}
