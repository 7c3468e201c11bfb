using AdaLora.Adapters.Dropout;
using AdaLora.Bank;
using AdaLora.Targeting;
using AdaLora.Tests.Goldens;
using AdaLora.Tests.Models;
using AdaLora.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Internals;

/// <summary>
/// What this library computes over the host's memory, it computes with tensor operations on a device. Both ways are taken here, on a CPU, and must agree: in kept triplets exactly, in
/// numbers up to rounding. The goldens of the core hold both ways as well, in tests of their own and here.
/// </summary>
[Collection(nameof(TensorOperations))]
public sealed class TensorPathTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(1.0)]
    [InlineData(1e6)]
    public void Norm_and_clipping_agree(double? maximum)
    {
        var (host, tensors) = BothWays(() =>
        {
            manual_seed(3);
            Parameter[] parameters = [new(zeros(70_001)), new(zeros(3, 5)), new(zeros(1))];
            foreach (var parameter in parameters)
                parameter.grad = randn(parameter.shape);
            using var norm = new GradientNorm(parameters);
            norm.Measure(maximum);
            return [norm.Value.clone(), .. parameters.Select(p => p.grad!.clone())];
        });
        AssertClose(host, tensors, 2e-6);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.01)]
    public void Steps_of_AdamW_agree(double decay)
    {
        var (host, tensors) = BothWays(() =>
        {
            manual_seed(4);
            using var parameter = new Parameter(randn(1003));
            using var optimizer = new FusedAdamW([parameter], 1e-2, weightDecay: decay);
            for (var step = 0; step < 20; step++)
            {
                parameter.grad = randn(1003);
                optimizer.step();
            }

            return [parameter.detach().clone(),
                .. optimizer.CaptureState().Where(s => s.Key.Contains("exp", StringComparison.Ordinal)).OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => s.Value.clone())];
        });
        AssertClose(host, tensors, 5e-6);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.01)]
    public void Steps_with_rates_of_their_own_agree(double decay)
    {
        var (host, tensors) = BothWays(() =>
        {
            manual_seed(4);
            using var parameter = new Parameter(randn(40_001));
            using var optimizer = new FusedAdamW([parameter], 1e-3, weightDecay: decay);
            ((IRateRuns)optimizer).UseRates(parameter, [new RateRun(0, 17, 0.5), new RateRun(17, 39_000, 1), new RateRun(39_017, 984, 30)]);
            for (var step = 0; step < 20; step++)
            {
                parameter.grad = randn(40_001);
                optimizer.step();
            }

            return [parameter.detach().clone()];
        });
        AssertClose(host, tensors, 5e-6);
    }

    [Fact]
    public void Taking_out_the_scale_of_losses_agrees_bit_for_bit()
    {
        var (host, tensors) = BothWays(() =>
        {
            manual_seed(5);
            using var parameter = new Parameter(zeros(1003));
            using var optimizer = new FusedAdamW([parameter]);
            parameter.grad = randn(1003);
            new LossScaler(LossScale.Dynamic(4096), optimizer).Unscale([parameter]);
            return [parameter.grad!.clone()];
        });
        AssertClose(host, tensors, 0);
    }

    /// <summary>One graph node on a CPU, separate operations on a device.</summary>
    [Fact]
    public void An_adapted_layer_and_its_gradients_agree()
    {
        var (host, tensors) = BothWays(() =>
        {
            using var model = new TinyModel();
            using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
            manual_seed(6);
            using (no_grad())
                adapted.TrainableParameters[0].copy_(randn_like(adapted.TrainableParameters[0]).mul(0.1));
            adapted.Begin(5);
            var input = randn(4, 8).requires_grad_();
            var output = model.call(input);
            output.square().sum().backward();
            _ = adapted.BeforeOptimizerStep(1.0);
            return [output.detach().clone(), input.grad!.clone(), .. adapted.TrainableParameters.Select(p => p.grad!.clone())];
        });
        AssertClose(host, tensors, 5e-6);
    }

    /// <summary>A kernel for each weight on a CPU, separate products on a device.</summary>
    [Fact]
    public void A_training_of_weights_that_hold_their_product_agrees()
    {
        var (host, tensors) = BothWays(() =>
        {
            using var model = new TinyModel();
            using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { Attachment = AttachmentMethod.Materialise, TotalSteps = 20 });
            using var optimizer = new FusedAdamW(adapted.TrainableParameters, 1e-2);
            foreach (var batch in TinyTask.Batches(8))
                TinyTask.Step(adapted, model, optimizer, batch);
            return [.. adapted.TrainableParameters.Select(p => p.detach().clone()), .. model.parameters().Select(p => p.detach().clone())];
        });
        AssertClose(host, tensors, 5e-5);
    }

    /// <summary>A graph that still needs the weight of the last step must not compute with that of the next.</summary>
    [Fact]
    public void Writing_such_a_weight_between_the_passes_is_reported()
    {
        using var scope = NewDisposeScope();
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { Attachment = AttachmentMethod.Materialise, TotalSteps = 20, TrainedModules = [] });
        using var optimizer = new FusedAdamW(adapted.TrainableParameters, 1e-2);
        var batch = TinyTask.Batches(1).Single();
        var loss = TinyTask.Loss(model, batch);
        TinyTask.Step(adapted, model, optimizer, batch);

        Assert.Contains("modified by an inplace operation", Assert.ThrowsAny<Exception>(() => loss.backward()).Message, StringComparison.Ordinal);
    }

    /// <summary>libtorch's generator draws the masks of a device, so that only rate and scale can be compared.</summary>
    [Fact]
    public void Dropout_keeps_as_much_and_scales_it_alike()
    {
        var (host, tensors) = BothWays(() =>
        {
            manual_seed(7);
            var dropped = FastDropout.Apply(ones(1000, 1000), 0.1);
            return [dropped.amax(0, 1), dropped.amin(0, 1), dropped.mean()];
        });
        AssertClose([host[0], host[1]], [tensors[0], tensors[1]], 1e-6);
        Assert.All([host[2], tensors[2]], mean => Assert.Equal(1, mean.item<float>(), 2e-3));
    }

    /// <summary>The overall demonstration: training with pruning at every step keeps the same triplets at every step.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_whole_training_keeps_the_same_triplets_at_every_step(bool compacts)
    {
        var (host, tensors) = (Train(usesHost: true), Train(usesHost: false));
        Assert.Equal(host.Ranks, tensors.Ranks);
        Assert.Equal(host.Masks, tensors.Masks);
        foreach (var (expected, actual) in host.Losses.Zip(tensors.Losses))
            Assert.Equal(expected, actual, 1e-4);

        (List<string> Masks, List<int> Ranks, List<double> Losses) Train(bool usesHost)
        {
            using var operations = new TensorOperations(!usesHost);
            using var model = new TinyModel();
            using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
            List<string> masks = [];
            List<double> losses = [];
            using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 60, LearningRate = 1e-2, ReportEvery = 1, CompactWhenFinal = compacts });
            _ = trainer.Fit(TinyTask.Batches(60), batch => TinyTask.Loss(model, batch), progress: new Immediate(report =>
            {
                losses.Add(report.Loss);
                using var scope = NewDisposeScope();
                masks.Add(string.Concat(adapted.Bank.Values.Lambdas(adapted.Bank.Layout).detach().ne(0).data<bool>().ToArray().Select(live => live ? '1' : '0')));
            }));
            return (masks, [.. adapted.Report().Modules.Select(m => m.LiveRank)], losses);
        }
    }

    public static TheoryData<string, string> GoldenClasses =>
    [
        .. from type in (Type[])[typeof(AllocatorGoldenTests), typeof(LayerGoldenTests), typeof(OrthogonalityGoldenTests), typeof(TiesGoldenTests), typeof(NonFiniteGoldenTests),
            typeof(ToyGoldenTests)]
           from method in type.GetMethods().Where(m => m.IsDefined(typeof(FactAttribute), inherit: true))
           select new TheoryDataRow<string, string>(type.Name, method.Name),
    ];

    /// <summary>The golden tests themselves, with their tolerances, computed as on a device.</summary>
    [Theory]
    [MemberData(nameof(GoldenClasses))]
    public void Goldens_hold_for_tensor_operations(string className, string methodName)
    {
        using var operations = new TensorOperations();
        var type = typeof(TensorPathTests).Assembly.GetType($"{typeof(ToyGoldenTests).Namespace}.{className}")!;
        var method = type.GetMethod(methodName)!;
        var cases = method.GetCustomAttributes(typeof(MemberDataAttribute), false).Cast<MemberDataAttribute>().SingleOrDefault() is { } data
            ? ((System.Collections.IEnumerable)type.GetProperty(data.MemberName)!.GetValue(null)!).Cast<ITheoryDataRow>().Select(row => row.GetData()).ToList()
            : [[]];
        Assert.NotEmpty(cases);
        foreach (var arguments in cases)
        {
            using var scope = NewDisposeScope();
            try
            {
                _ = method.Invoke(Activator.CreateInstance(type), arguments);
            }
            catch (System.Reflection.TargetInvocationException e)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerException!);
            }
        }
    }

    private static (IReadOnlyList<Tensor> Host, IReadOnlyList<Tensor> Tensors) BothWays(Func<IReadOnlyList<Tensor>> work)
    {
        var host = work();
        using var operations = new TensorOperations();
        return (host, work());
    }

    private static void AssertClose(IReadOnlyList<Tensor> expected, IReadOnlyList<Tensor> actual, double tolerance)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.Count, actual.Count);
        foreach (var (one, other) in expected.Zip(actual))
        {
            var distance = (one - other).abs().max().item<float>();
            var size = one.abs().max().item<float>();
            Assert.True(distance <= tolerance * size, $"off by {distance:G3} of {size:G3}");
        }
    }

    private sealed class Immediate(Action<AdaLora.Training.Progress.TrainingProgress> report) : IProgress<AdaLora.Training.Progress.TrainingProgress>
    {
        public void Report(AdaLora.Training.Progress.TrainingProgress value) => report(value);
    }
}
