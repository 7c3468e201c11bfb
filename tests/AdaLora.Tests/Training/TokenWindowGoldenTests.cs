using System.Collections;
using System.Text.Json;
using AdaLora.Allocation;
using AdaLora.Targeting;
using AdaLora.Tests.Goldens;
using AdaLora.TestSupport;
using AdaLora.Training;
using AdaLora.Training.LearningRates;
using AdaLora.Training.Progress;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training;

/// <summary>A small language model whose batches hold different numbers of tokens that count, against a reference that weighs either the tokens of an optimiser step alike, or its batches.</summary>
public sealed class TokenWindowGoldenTests
{
    private const double Tolerance = 1e-9;
    private const long Ignored = -100;

    /// <summary>It makes no difference how many batches the texts of a step are spread over, nor where epochs end: a step that an epoch ends within is completed by the next.</summary>
    [Theory]
    [InlineData(4, 160)]
    [InlineData(4, 6)]
    [InlineData(4, 3)]
    [InlineData(2, 80)]
    [InlineData(2, 7)]
    [InlineData(1, 40)]
    public void Every_token_of_a_step_weighs_the_same(int batchesPerStep, int batchesPerEpoch) => Train("sum_over_window", batchesPerStep, batchesPerEpoch, Sum);

    [Fact]
    public void Means_weigh_every_batch_the_same() => Train("mean_of_means", 4, 160, (model, batch) =>
    {
        var loss = Sum(model, batch);
        return new LossSum(loss.Sum / loss.Count, 1);
    });

    private static void Train(string run, int batchesPerStep, int batchesPerEpoch, Func<ToyTokenModel, Batch, LossSum> lossOf)
    {
        using var scope = NewDisposeScope();
        using var golden = GoldenSet.Open("parallel/toy_tokens");
        var (json, expected) = (golden.Json, golden.Json.GetProperty("runs").GetProperty(run));
        using var model = new ToyTokenModel(golden);
        using var adapted = AdaLoraModel.Attach(model, Options(json));
        Load(adapted, golden);
        var steps = json.GetProperty("total_step").GetInt64();
        using var trainer = new Trainer(adapted, new TrainerOptions
        {
            TotalSteps = steps,
            LearningRate = 1e-2,
            WeightDecay = 0,
            Warmup = PhaseLength.Steps(0),
            Decay = LearningRateDecay.Constant,
            MaxGradientNorm = null,
            GradientAccumulation = batchesPerStep,
            ReportEvery = 1,
            // The reference masks to the end, and its penalty counts what is masked.
            CompactWhenFinal = false,
        });
        var (sums, seen) = (new List<double>(), 0L);

        trainer.Fit(
            new Epochs(Batches(golden, steps, batchesPerStep), batchesPerEpoch),
            batch =>
            {
                var loss = lossOf(model, batch);
                sums.Add(loss.Sum.item<double>());
                return loss;
            },
            progress: new Recorder(p =>
            {
                seen = p.Step;
                CompareStep(expected, (int)p.Step - 1, adapted, p);
            }));

        Assert.Equal(steps, seen);
        Assert.Equal(batchesPerStep * steps, sums.Count);
        if (run == "sum_over_window")
            Assert.All(expected.GetProperty("micro_sums").EnumerateArray().SelectMany(Numbers).Chunk(4 / batchesPerStep).Zip(sums), pair => Assert.Equal(pair.First.Sum(), pair.Second, Tolerance));
        CompareEnd(golden, run, model, adapted);
    }

    private static AdaLoraOptions Options(JsonElement json) => new()
    {
        InitialRank = json.GetProperty("init_r").GetInt32(),
        TargetRank = json.GetProperty("target_r").GetInt32(),
        Alpha = json.GetProperty("lora_alpha").GetDouble(),
        Targets = TargetModules.Globs("fc*"),
        TrainedModules = ["head"],
        InitialPhase = PhaseLength.Steps(json.GetProperty("tinit").GetInt64()),
        FinalPhase = PhaseLength.Steps(json.GetProperty("tfinal").GetInt64()),
        MaskInterval = json.GetProperty("deltaT").GetInt64(),
        OrthogonalityWeight = json.GetProperty("orth_weight").GetDouble(),
    };

    private static void Load(AdaLoraModel adapted, GoldenSet golden)
    {
        using var noGrad = no_grad();
        foreach (var adapter in adapted.Adapters)
        {
            foreach (var name in (string[])["lora_A", "lora_B"])
                adapter.get_parameter(name)!.copy_(golden[$"init.{adapter.Slot.Name}.{name}"]);
        }
    }

    private static List<Batch> Batches(GoldenSet golden, long steps, int batchesPerStep)
    {
        var batches = new List<Batch>();
        for (var step = 0; step < steps; step++)
        {
            foreach (var (ids, labels) in golden["ids"][step].chunk(batchesPerStep).Zip(golden["labels"][step].chunk(batchesPerStep)))
                batches.Add(new Batch(ids.flatten(0, 1), labels.flatten(0, 1)));
        }

        return batches;
    }

    private static LossSum Sum(ToyTokenModel model, Batch batch)
    {
        var before = batch.Ids.shape[1] - 1;
        var next = batch.Labels.narrow(1, 1, before).flatten();
        var scores = model.call(batch.Ids).narrow(1, 0, before).flatten(0, 1);
        var sum = nn.functional.cross_entropy(scores, next, ignore_index: Ignored, reduction: nn.Reduction.Sum);
        return new LossSum(sum, next.ne(tensor(Ignored)).sum().item<long>());
    }

    private static void CompareStep(JsonElement expected, int row, AdaLoraModel adapted, TrainingProgress progress)
    {
        using var scope = NewDisposeScope();
        Number("window_loss", progress.Loss);
        Number("grad_norm", progress.GradientNorm);
        Assert.Equal(Numbers(expected.GetProperty("nonzero_lambdas")[row]), adapted.Adapters.Select(a => (double)a.get_parameter("lora_E")!.count_nonzero().item<long>()));

        void Number(string key, double actual)
        {
            var value = expected.GetProperty(key)[row].GetDouble();
            Assert.True(Math.Abs(value - actual) <= Tolerance * TestDevice.ToleranceFactor, $"{key} of step {row + 1}: {actual:R} instead of {value:R}");
        }
    }

    private static void CompareEnd(GoldenSet golden, string run, ToyTokenModel model, AdaLoraModel adapted)
    {
        foreach (var adapter in adapted.Adapters)
        {
            foreach (var (name, parameter) in adapter.named_parameters(recurse: false))
                Close.Absolute(golden[$"{run}.final.{adapter.Slot.Name}.{name}"], parameter, Tolerance, $"{adapter.Slot.Name} {name}");
        }

        Close.Absolute(golden[$"{run}.final.head.weight"], model.Head.weight, Tolerance, "head.weight");
        Close.Absolute(golden[$"{run}.final.head.bias"], model.Head.bias!, Tolerance, "head.bias");
    }

    private static IEnumerable<double> Numbers(JsonElement list) => list.EnumerateArray().Select(e => e.GetDouble());

    private sealed record Batch(Tensor Ids, Tensor Labels);

    /// <summary>Each enumeration is the next epoch.</summary>
    private sealed class Epochs(List<Batch> batches, int length) : IEnumerable<Batch>
    {
        private int _next;

        public IEnumerator<Batch> GetEnumerator()
        {
            _next += length;
            return batches.Skip(_next - length).Take(length).GetEnumerator();
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private sealed class Recorder(Action<TrainingProgress> record) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => record(value);
    }
}
