using AdaLora.Bank;
using AdaLora.Targeting;
using AdaLora.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests;

/// <summary>Parameters that share memory and are trained in full take one step, along the sum of their gradients: as if they were one object.</summary>
public sealed class TiedTrainingTests
{
    private const int Width = 6;

    public static TheoryData<bool, bool> Cases => new() { { false, true }, { false, false }, { true, true }, { true, false } };

    [Theory]
    [MemberData(nameof(Cases))]
    public void They_are_trained_like_one_object(bool isTransposed, bool isAdapted)
    {
        using var scope = NewDisposeScope();
        var tied = Train(isTransposed, isAdapted, isOneObject: false);
        var one = Train(isTransposed, isAdapted, isOneObject: true);

        Assert.Equal(one.Parameters, tied.Parameters);
        Assert.All(one.Norms.Zip(tied.Norms), norms => Assert.Equal(norms.First, norms.Second, 1e-5));
        Assert.True((one.Weight - tied.Weight).abs().max().item<float>() < 1e-5, "the weights differ");
    }

    [Fact]
    public void Some_rows_of_another_parameter_are_a_part_of_it()
    {
        using var scope = NewDisposeScope();
        var whole = new Parameter(ones(4, 3));
        var rows = new Parameter(whole.detach().narrow(0, 1, 2));
        var other = new Parameter(ones(3));
        var tied = new TiedParameters([rows, other, whole]);
        Assert.Equal([other, whole], tied.Distinct);
        (rows * 2).sum().backward();
        tied.Gather();
        Assert.Equal([0, 2, 2, 0], whole.grad!.select(1, 0).data<float>().ToArray());
        Assert.Null(rows.grad);

        (rows * 2).sum().backward();
        (whole * other).sum().backward();
        tied.Gather();
        Assert.Equal([1, 5, 5, 1], whole.grad!.select(1, 0).data<float>().ToArray());
        Assert.Equal([4, 4, 4], other.grad!.data<float>().ToArray());
    }

    private static (Tensor Weight, int Parameters, List<double> Norms) Train(bool isTransposed, bool isAdapted, bool isOneObject)
    {
        using var seed = manual_seed(3);
        var model = new Model(isTransposed, isOneObject);
        var inputs = randn(4, 2, Width);
        var options = new TrainerOptions { TotalSteps = 6, LearningRate = 1e-2, GradientAccumulation = 2, MaxGradientNorm = 0.1 };
        var adapted = isAdapted
            ? AdaLoraModel.Attach(model, new AdaLoraOptions
            {
                InitialRank = 2,
                TargetRank = 1,
                Seed = 1,
                Targets = TargetModules.Suffixes("layer"),
                TrainedModules = isOneObject ? ["first"] : ["first", "second"]
            })
            : null;
        using var trainer = adapted is null ? new Trainer(model, options) : new Trainer(adapted, options);
        var result = trainer.Fit(Enumerable.Range(0, 4).Select(i => inputs[i]).ToList(), batch => model.call(batch).pow(2).mean());
        return (model.Weight, (adapted?.TrainableParameters ?? [.. model.parameters()]).Count - (isAdapted || isOneObject ? 0 : 1), [.. result.History.Select(step => step.GradientNorm)]);
    }

    private sealed class Model : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> layer = nn.Linear(Width, Width, hasBias: false);
        private readonly Holder first;
        private readonly Holder second;

        public Model(bool isTransposed, bool isOneObject)
            : base(nameof(Model))
        {
            var weight = new Parameter(randn(Width, Width));
            first = new Holder(weight, () => weight);
            var tied = isOneObject ? null : new Parameter(isTransposed ? weight.detach().t() : weight.detach());
            second = new Holder(tied, () => tied ?? (isTransposed ? weight.t() : weight));
            RegisterComponents();
        }

        public Tensor Weight => first.Weight;

        public override Tensor forward(Tensor input) => second.call(first.call(layer.call(input)).tanh());
    }

    private sealed class Holder : nn.Module<Tensor, Tensor>
    {
        private readonly Func<Tensor> _weight;

        public Holder(Parameter? own, Func<Tensor> weight)
            : base(nameof(Holder))
        {
            _weight = weight;
            if (own is not null)
                register_parameter("weight", own);
        }

        public Tensor Weight => _weight();

        public override Tensor forward(Tensor input) => nn.functional.linear(input, _weight());
    }
}
