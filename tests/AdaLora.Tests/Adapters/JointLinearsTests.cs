using AdaLora.Adapters;
using AdaLora.Bank;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Adapters;

/// <summary>Layers with adapters that are computed together, as on devices, against layers that are computed alone.</summary>
[Collection(nameof(TensorOperations))]
public sealed class JointLinearsTests
{
    private const int Steps = 8;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Together_they_train_like_each_alone(int dimensions)
    {
        using var operations = new TensorOperations();

        var (alone, _) = Train(dimensions, isJoint: false);
        var (together, joint) = Train(dimensions, isJoint: true);

        Assert.Equal(Steps * 3, joint);
        TensorAssert.Close(alone, together, 1e-10);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(0.4, 2)]
    [InlineData(0.4, 3)]
    public void Each_drops_by_a_mask_of_its_own_and_gets_the_gradients_of_what_it_kept(double rate, int dimensions)
    {
        using var scope = NewDisposeScope();
        var rows = Random(true, 50, 8);
        Tensor[] rights = [.. Enumerable.Range(0, 3).Select(_ => Random(true, 2, 8))], lefts = [.. rights.Select(_ => Random(true, 2, 5))];
        (Tensor Weight, Tensor? Bias)[] layers = [.. rights.Select((_, i) => (Random(false, 5, 8), i == 1 ? null : Random(false, 5)))];
        Tensor[] weights = [.. rights.Select(_ => Random(false, 50, 5))];
        manual_seed(5);
        var mask = rate == 0 ? ones(3, 50, 8) : empty([3, 50, 8], dtype: ScalarType.Bool).bernoulli_(1 - rate);
        var expected = rights.Select((right, i) => nn.functional.linear(rows, layers[i].Weight, layers[i].Bias) + (rows * mask[i] / (1 - rate)).mm(right.t()).mm(lefts[i])).ToArray();
        Sum(expected).backward();
        Tensor[] arguments = [rows, .. rights, .. lefts];
        var expectedGradients = arguments.Select(argument => argument.grad!.clone()).ToList();
        foreach (var argument in arguments)
            argument.grad = null;

        manual_seed(5);
        var outputs = JointLinears.Apply(dimensions == 2 ? rows : rows.view(5, 10, 8), layers, rights, lefts, rate, new AdapterSettings(1, null));
        Assert.All(outputs, output => Assert.Equal(dimensions == 2 ? [50, 5] : [5, 10, 5], output.shape));
        Sum([.. outputs.Select(output => output.view(50, 5))]).backward();

        Assert.InRange(mask.to(ScalarType.Float64).mean().item<double>(), 0.95 - rate, 1.05 - rate);
        for (var i = 0; i < rights.Length; i++)
            TensorAssert.Close(expected[i], outputs[i].view(50, 5), 1e-12);
        foreach (var (gradient, argument) in expectedGradients.Zip(arguments))
            TensorAssert.Close(gradient, argument.grad!, 1e-12);

        Tensor Sum(IReadOnlyList<Tensor> all) => all.Select((output, i) => (output * weights[i]).sum()).Aggregate((a, b) => a + b);
    }

    [Fact]
    public void What_needs_no_gradient_gets_none_and_what_leads_nowhere_gets_zeros()
    {
        using var scope = NewDisposeScope();
        var rows = Random(false, 5, 8);
        Tensor[] rights = [Random(true, 2, 8), Random(false, 2, 8), Random(true, 2, 8)], lefts = [Random(false, 2, 4), Random(true, 2, 4), Random(true, 2, 4)];

        var outputs = JointLinears.Apply(rows, [.. rights.Select(_ => (Random(false, 4, 8), (Tensor?)null))], rights, lefts, 0.5, new AdapterSettings(1, null));
        (outputs[0] + outputs[1]).sum().backward();

        Assert.Null(rows.grad);
        Assert.Null(rights[1].grad);
        Assert.Null(lefts[0].grad);
        Assert.True(rights[0].grad!.count_nonzero().item<long>() > 0);
        Assert.True(lefts[1].grad!.count_nonzero().item<long>() > 0);
        Assert.Equal(0, rights[2].grad!.count_nonzero().item<long>());
        Assert.Equal(0, lefts[2].grad!.count_nonzero().item<long>());
    }

    [Fact]
    public void A_layer_that_is_called_with_another_input_computes_alone()
    {
        using var operations = new TensorOperations();
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = new ParallelModel();
        using var adapted = Begin(model);
        adapted.Adapters[0].get_parameter("lora_E")!.fill_(0.5);
        var (inputs, others) = (randn([4, 8], dtype: ScalarType.Float64), randn([4, 8], dtype: ScalarType.Float64));
        var expected = adapted.Adapters[0].call(others);

        JointLinears.Prepare(inputs, [.. adapted.Adapters]);

        TensorAssert.Close(expected, adapted.Adapters[0].call(others), 0);
    }

    [Fact]
    public void One_that_is_frozen_by_hand_gets_no_gradient_and_the_others_do()
    {
        using var operations = new TensorOperations();
        using var scope = NewDisposeScope();
        using var model = new ParallelModel { IsJoint = true };
        using var adapted = Begin(model);
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-1);
        for (var step = 0; step < 2; step++)
        {
            model.call(randn([4, 8], dtype: ScalarType.Float64)).square().sum().backward();
            adapted.BeforeOptimizerStep();
            optimizer.step();
            adapted.AfterOptimizerStep();
        }

        adapted.Bank.ZeroGradients();
        foreach (var parameter in adapted.Adapters[0].parameters())
            parameter.requires_grad = false;

        model.call(randn([4, 8], dtype: ScalarType.Float64)).square().sum().backward();

        Assert.True(model.Joint > 0);
        var gradients = adapted.Adapters.Select(adapter => adapted.Bank.Gradients.Left(adapter.Slot).count_nonzero().item<long>()).ToList();
        Assert.Equal(0, gradients[0]);
        Assert.All(gradients[1..], count => Assert.True(count > 0));
    }

    [Fact]
    public void A_float32_layer_beside_a_float64_one_computes_by_itself()
    {
        using var operations = new TensorOperations();
        using var scope = NewDisposeScope();
        using var model = nn.Sequential(("narrow", nn.Linear(8, 5)), ("wide", nn.Linear(5, 3, dtype: ScalarType.Float64)));
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { TotalSteps = 100, TrainedModules = [] });
        var input = randn(2, 3, 8);
        using var noGrad = no_grad();
        adapted.Adapters[0].get_parameter("lora_E")!.fill_(0.5);

        JointLinears.Prepare(input, adapted.Adapters[0], adapted.Adapters[0]);
        var output = adapted.Adapters[0].call(input);

        Assert.Equal([2, 3, 5], output.shape);
        TensorAssert.Close(adapted.Adapters[0].call(input.view(6, 8)).to(ScalarType.Float64), output.view(6, 5), 1e-6);
    }

    [Fact]
    public void An_output_is_found_once_and_not_after_its_scope()
    {
        using var operations = new TensorOperations();
        using var noGrad = no_grad();
        using var model = new ParallelModel();
        using var adapted = Begin(model);
        using var inputs = randn([4, 8], dtype: ScalarType.Float64);
        adapted.Adapters[0].get_parameter("lora_E")!.fill_(0.5);
        using var expected = adapted.Adapters[0].call(inputs);
        using (NewDisposeScope())
        {
            JointLinears.Prepare(inputs, [.. adapted.Adapters]);
            adapted.Adapters[0].get_parameter("lora_A")!.mul_(2);
            var first = adapted.Adapters[0].call(inputs);
            var second = adapted.Adapters[0].call(inputs);
            TensorAssert.Close(expected, first, 1e-12);
            Assert.True((second - first).abs().max().item<double>() > 1e-3);
            JointLinears.Prepare(inputs, [.. adapted.Adapters]);
        }

        using var after = adapted.Adapters[0].call(inputs);

        Assert.True((after - expected).abs().max().item<double>() > 1e-3);
    }

    [Theory]
    [InlineData("merged")]
    [InlineData("disabled")]
    [InlineData("unlike ranks")]
    [InlineData("shared dropout")]
    [InlineData("host")]
    public void Nothing_is_prepared_where_it_would_not_be_used(string reason)
    {
        using var operations = new TensorOperations(reason != "host");
        using var scope = NewDisposeScope();
        using var model = new ParallelModel();
        using var adapted = Begin(model, options => reason switch
        {
            "unlike ranks" => options with { Overrides = ModuleOverrides.None.With("second", initialRank: 2).With("third", initialRank: 1) },
            "shared dropout" => options with { Dropout = 0.1, ShareDropout = true },
            _ => options,
        });
        using var disabled = reason == "disabled" ? adapted.DisableAdapters() : null;
        if (reason == "merged")
        {
            model.eval();
            adapted.Merge();
        }

        var inputs = randn([4, 8], dtype: ScalarType.Float64);
        JointLinears.Prepare(inputs, [.. adapted.Adapters]);

        Assert.All(adapted.Adapters, adapter => Assert.False(((SvdLinear)adapter).IsPrepared));
    }

    [Fact]
    public void No_tensor_stays_behind()
    {
        using var operations = new TensorOperations();
        using var model = new ParallelModel { IsJoint = true };
        using var adapted = Begin(model, options => options with { Dropout = 0.3 });
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        Step();
        Step();
        var before = Tensor.TotalCount;

        for (var step = 0; step < 5; step++)
            Step();

        Assert.Equal(before, Tensor.TotalCount);

        void Step()
        {
            using var scope = NewDisposeScope();
            model.call(randn([4, 8], dtype: ScalarType.Float64)).square().sum().backward();
            adapted.BeforeOptimizerStep();
            optimizer.step();
            adapted.AfterOptimizerStep();
            optimizer.zero_grad();
        }
    }

    private static Tensor Random(bool isTrained, params long[] shape) => randn(shape, dtype: ScalarType.Float64, requires_grad: isTrained);

    private static AdaLoraModel Begin(ParallelModel model, Func<AdaLoraOptions, AdaLoraOptions>? change = null)
    {
        var options = TinyTask.Options with { TotalSteps = 100, TrainedModules = [] };
        return AdaLoraModel.Attach(model, change?.Invoke(options) ?? options);
    }

    private static (Tensor Values, int Joint) Train(int dimensions, bool isJoint)
    {
        using var model = new ParallelModel { IsJoint = isJoint };
        using var adapted = Begin(model);
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        manual_seed(1);
        for (var step = 0; step < Steps; step++)
        {
            using var scope = NewDisposeScope();
            var inputs = randn(dimensions == 1 ? [6, 8] : [2, 3, 8], dtype: ScalarType.Float64);
            (model.call(inputs) - inputs.sum(-1, true)).square().sum().backward();
            adapted.BeforeOptimizerStep(1);
            optimizer.step();
            adapted.AfterOptimizerStep();
            optimizer.zero_grad();
        }

        return (adapted.TrainableParameters[0].detach().clone().DetachFromDisposeScope(), model.Joint);
    }

    /// <summary>Layers that read the same tensor, one of them of another width.</summary>
    private sealed class ParallelModel : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> first;
        private readonly nn.Module<Tensor, Tensor> second;
        private readonly nn.Module<Tensor, Tensor> third;
        private readonly nn.Module<Tensor, Tensor> other;

        public ParallelModel()
            : base(nameof(ParallelModel))
        {
            using var seed = manual_seed(7);
            (first, second, third, other) = (Linear(5), Linear(5), Linear(5), Linear(7));
            RegisterComponents();

            static nn.Module<Tensor, Tensor> Linear(long outputs) => nn.Linear(8, outputs, dtype: ScalarType.Float64);
        }

        public bool IsJoint { get; init; }

        /// <summary>Outputs that were found.</summary>
        public int Joint { get; private set; }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            if (IsJoint)
                JointLinears.Prepare(input, first, second, third, other);
            Joint += new[] { first, second, third, other }.Count(layer => layer is SvdLinear { IsPrepared: true });
            return (first.call(input) * third.call(input) * second.call(input)).sum(-1, true).add(other.call(input).sum(-1, true)).MoveToOuterDisposeScope();
        }
    }
}
