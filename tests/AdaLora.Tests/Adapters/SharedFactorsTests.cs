using AdaLora.Bank;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Adapters;

/// <summary>Adapters that compute from <see cref="AdaLora.Adapters.SharedFactors"/>, as they do on devices, against adapters that compute from their own triplets.</summary>
[Collection(nameof(TensorOperations))]
public sealed class SharedFactorsTests
{
    private const int Steps = 16;

    /// <summary>If something sets gradients to zero or null.</summary>
    public enum Clearing
    {
        BeforeForward,
        BetweenPasses,
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(2, true)]
    public void They_train_like_adapters_alone(int accumulation, bool compact)
    {
        var (own, _) = Train(accumulation, compact, (optimizer, _) => optimizer.zero_grad());
        using var operations = new TensorOperations();

        var (shared, shares) = Train(accumulation, compact, (optimizer, _) => optimizer.zero_grad());

        // The first step looks for adapters that get no gradient.
        Assert.Equal(Steps - 1, shares);
        Close(own, shared);
    }

    [Fact]
    public void Beside_adapters_that_use_their_own_triplets_they_train_like_adapters_alone()
    {
        var own = TrainConvolution();
        using var operations = new TensorOperations();

        Close(own, TrainConvolution());
    }

    [Theory]
    [InlineData(Clearing.BeforeForward, true)]
    [InlineData(Clearing.BeforeForward, false)]
    [InlineData(Clearing.BetweenPasses, true)]
    [InlineData(Clearing.BetweenPasses, false)]
    public void Gradients_may_be_cleared_on_the_model_before_the_backward_pass(Clearing clearing, bool toNull)
    {
        var (own, _) = Train(1, false, (optimizer, _) => optimizer.zero_grad());
        using var operations = new TensorOperations();

        var (shared, _) = Train(1, false, (_, model) => model.zero_grad(set_to_none: toNull), clearing);

        Close(own, shared);
    }

    [Fact]
    public void A_null_gradient_of_the_bank_counts_as_zero()
    {
        var (own, _) = Train(1, false, (optimizer, _) => optimizer.zero_grad());
        using var operations = new TensorOperations();

        var (shared, _) = Train(1, false, (optimizer, _) =>
        {
            foreach (var parameter in optimizer.parameters())
                parameter.grad = null;
        });

        Close(own, shared);
    }

    [Fact]
    public void Values_set_by_hand_between_two_passes_are_seen()
    {
        using var operations = new TensorOperations();
        using var scope = NewDisposeScope();
        using var model = new TinyModel(ScalarType.Float64);
        using var adapted = Begin(model);
        var batch = TinyTask.Batches(1, dtype: ScalarType.Float64).Single();
        var before = model.call(batch.Inputs);
        using (no_grad())
            adapted.Adapters[0].get_parameter("lora_E")!.fill_(0.5);

        var after = model.call(batch.Inputs);

        using (no_grad())
        {
            Assert.True((before - after).abs().max().item<double>() > 1e-3);
            TensorAssert.Close(model.call(batch.Inputs), after, 1e-12);
        }
    }

    [Fact]
    public void An_adapter_that_was_frozen_by_hand_gets_no_gradient()
    {
        using var operations = new TensorOperations();
        using var scope = NewDisposeScope();
        using var model = new TinyModel(ScalarType.Float64);
        using var adapted = Begin(model);
        adapted.Bank.ZeroGradients();
        foreach (var parameter in adapted.Adapters[0].parameters())
            parameter.requires_grad = false;

        TinyTask.Loss(model, TinyTask.Batches(1, dtype: ScalarType.Float64).Single()).backward();

        Assert.Equal(0, adapted.Bank.Gradients.Left(adapted.Adapters[0].Slot).count_nonzero().item<long>());
        Assert.True(adapted.Bank.Gradients.Left(adapted.Adapters[1].Slot).count_nonzero().item<long>() > 0);
    }

    [Fact]
    public void An_adapter_that_is_called_twice_in_a_pass_gets_the_same_factors()
    {
        using var operations = new TensorOperations();
        using var scope = NewDisposeScope();
        using var model = new TinyModel(ScalarType.Float64);
        using var adapted = Begin(model);
        var adapter = adapted.Adapters[0];

        var first = adapted.Factors.For(adapter, ScalarType.Float64)!.Value.Left;
        var again = adapted.Factors.For(adapter, ScalarType.Float64)!.Value.Left;
        first.sum().backward();
        var afterwards = adapted.Factors.For(adapter, ScalarType.Float64)!.Value.Left;

        Assert.Same(first, again);
        Assert.NotSame(first, afterwards);
    }

    [Fact]
    public void Values_that_change_between_the_passes_are_told_and_not_mixed()
    {
        using var operations = new TensorOperations();
        using var scope = NewDisposeScope();
        using var model = new TinyModel(ScalarType.Float64);
        using var adapted = Begin(model);
        var loss = TinyTask.Loss(model, TinyTask.Batches(1, dtype: ScalarType.Float64).Single());
        using (no_grad())
            adapted.TrainableParameters[0].mul_(2);
        loss.backward();

        var error = Assert.Throws<InvalidOperationException>(() => adapted.BeforeOptimizerStep());

        Assert.Contains("backward pass failed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_backward_pass_over_a_kept_graph_adds_the_same_gradients()
    {
        using var operations = new TensorOperations();
        using var scope = NewDisposeScope();
        using var model = new TinyModel(ScalarType.Float64);
        using var adapted = Begin(model);
        adapted.Bank.ZeroGradients();
        var loss = TinyTask.Loss(model, TinyTask.Batches(1, dtype: ScalarType.Float64).Single());

        loss.backward(retain_graph: true);
        var once = adapted.Bank.Gradients.clone();
        loss.backward();

        Assert.True(adapted.Factors.BroughtAllGradients);
        Assert.True(once.count_nonzero().item<long>() > 0);
        TensorAssert.Close(once * 2, adapted.Bank.Gradients, 1e-12);
    }

    [Fact]
    public void Adapters_that_run_apart_can_go_through_the_backward_pass_apart()
    {
        using var operations = new TensorOperations();
        using var scope = NewDisposeScope();
        using var model = new TinyModel(ScalarType.Float64);
        using var adapted = Begin(model);
        var inputs = TinyTask.Batches(1, dtype: ScalarType.Float64).Single().Inputs;
        adapted.Bank.ZeroGradients();
        (adapted.Adapters[0].call(inputs).sum() + adapted.Adapters[1].call(randn([4, 16], dtype: ScalarType.Float64, generator: new Generator(1))).square().sum()).backward();
        var together = adapted.Bank.Gradients.clone();
        adapted.Bank.ZeroGradients();

        var first = adapted.Adapters[0].call(inputs).sum();
        var second = adapted.Adapters[1].call(randn([4, 16], dtype: ScalarType.Float64, generator: new Generator(1))).square().sum();
        first.backward();
        second.backward();

        TensorAssert.Close(together, adapted.Bank.Gradients, 1e-12);
        adapted.BeforeOptimizerStep();
    }

    [Fact]
    public void No_tensor_stays_behind()
    {
        using var operations = new TensorOperations();
        using var model = new TinyModel(ScalarType.Float64);
        using var adapted = Begin(model);
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        var batches = TinyTask.Batches(6, dtype: ScalarType.Float64).ToList();
        TinyTask.Step(adapted, model, optimizer, batches[0]);
        TinyTask.Step(adapted, model, optimizer, batches[1]);
        var before = Tensor.TotalCount;

        foreach (var batch in batches[2..])
            TinyTask.Step(adapted, model, optimizer, batch);

        Assert.Equal(before, Tensor.TotalCount);
    }

    /// <summary>A model after its first step.</summary>
    private static AdaLoraModel Begin(TinyModel model)
    {
        var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { TotalSteps = Steps });
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-1);
        TinyTask.Step(adapted, model, optimizer, TinyTask.Batches(1, dtype: ScalarType.Float64).Single());
        return adapted;
    }

    private static (double[] Values, int Shares) Train(int accumulation, bool compact, Action<optim.Optimizer, TinyModel> clear, Clearing clearing = Clearing.BeforeForward)
    {
        using var model = new TinyModel(ScalarType.Float64);
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { TotalSteps = Steps });
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        adapted.UseOptimizer(optimizer);
        var shares = 0;
        foreach (var batches in TinyTask.Batches(Steps * accumulation, dtype: ScalarType.Float64).Chunk(accumulation))
        {
            using var scope = NewDisposeScope();
            if (clearing == Clearing.BeforeForward)
                clear(optimizer, model);
            foreach (var batch in batches)
            {
                var loss = TinyTask.Loss(model, batch);
                if (clearing == Clearing.BetweenPasses)
                {
                    clear(optimizer, model);
                    adapted.TrainableParameters[1].grad?.zero_();
                }

                loss.backward();
            }

            shares += adapted.Factors.BroughtAllGradients ? 1 : 0;
            adapted.BeforeOptimizerStep(1.0);
            optimizer.step();
            adapted.AfterOptimizerStep();
            if (compact && adapted.IsPatternFinal)
                adapted.Compact();
        }

        return ([.. adapted.TrainableParameters.SelectMany(p => p.data<double>().ToArray())], shares);
    }

    private static double[] TrainConvolution()
    {
        using var seed = manual_seed(1);
        using var model = nn.Sequential(
            ("conv", nn.Conv2d(1, 4, 3, dtype: ScalarType.Float64)), ("flat", nn.Flatten()), ("hidden", nn.Linear(16, 6, dtype: ScalarType.Float64)), ("tanh", nn.Tanh()),
                ("head", nn.Linear(6, 3, dtype: ScalarType.Float64)));
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { Targets = TargetModules.Suffixes("conv", "hidden"), TotalSteps = 8 });
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        var random = new Generator(5);
        for (var step = 0; step < 8; step++)
        {
            using var scope = NewDisposeScope();
            if (step % 2 == 0)
                optimizer.zero_grad();
            else
                model.zero_grad(set_to_none: true);
            model.call(randn([5, 1, 4, 4], dtype: ScalarType.Float64, generator: random)).square().sum().backward();
            adapted.BeforeOptimizerStep(1.0);
            optimizer.step();
            adapted.AfterOptimizerStep();
        }

        return [.. adapted.TrainableParameters.SelectMany(p => p.data<double>().ToArray())];
    }

    private static void Close(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-9);
    }
}
