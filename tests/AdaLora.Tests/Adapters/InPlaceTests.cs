using AdaLora.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Adapters;

/// <summary>In-place operations after an adapted layer, as in models that were not written for adapters.</summary>
public sealed class InPlaceTests
{
    private const int Width = 12;

    public static TheoryData<string> Kinds => [.. Behind.Keys];

    private static readonly Dictionary<string, Func<Tensor, Tensor>> Behind = new(StringComparer.Ordinal)
    {
        ["relu_"] = y => y.relu_(),
        ["add_"] = y => y.add_(ones_like(y)),
        ["mul_ by a tensor that learns"] = y => y.mul_(ones(Width, requires_grad: true)),
        ["fill of a part"] = y => y.index_fill_(1, tensor(new[] { 0L, 2L }), 0),
        ["add_ to the residual"] = y => ones_like(y).add_(y),
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void They_give_what_the_same_without_adapters_gives_and_gradients_flow(string kind)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var model = nn.Sequential(("first", nn.Linear(Width, Width)), ("second", nn.Linear(Width, Width)));
        var (input, behind) = (rand([3, 5, Width], requires_grad: true), Behind[kind]);
        var plain = behind(model.call(input.detach()));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { Seed = 1, TotalSteps = 10 });

        var output = behind(model.call(input));
        output.square().sum().backward();

        TensorAssert.Close(plain.detach().to(ScalarType.Float64), output.detach(), 1e-5);
        adapted.BeforeOptimizerStep();
        Assert.True(input.grad!.abs().sum().item<float>() > 0);
    }

    [Fact]
    public void Gradients_behind_relu_in_place_are_those_of_relu()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var model = nn.Sequential(("first", nn.Linear(Width, Width)), ("second", nn.Linear(Width, Width)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { Seed = 1, TotalSteps = 10 });
        using (no_grad())
            _ = adapted.TrainableParameters[0].uniform_(-0.1, 0.1);
        var input = rand(7, Width);

        var inPlace = Gradients(y => y.relu_());
        var fresh = Gradients(y => y.relu());

        Assert.All(inPlace.Zip(fresh), pair => Assert.Equal(pair.Second, pair.First));

        List<Tensor> Gradients(Func<Tensor, Tensor> activation)
        {
            activation(adapted.Adapters[1].call(activation(adapted.Adapters[0].call(input)))).square().sum().backward();
            var gradients = adapted.Adapters.SelectMany(a => a.Views).Select(v => v.View.grad!.clone()).ToList();
            foreach (var (view, _) in adapted.Adapters.SelectMany(a => a.Views))
                view.grad!.zero_();
            return gradients;
        }
    }

    [Fact]
    public void A_network_of_convolutions_with_activations_in_place_learns()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        using var model = nn.Sequential(
            ("conv", nn.Conv2d(3, 4, 3, padding: 1)), ("relu", nn.ReLU(inplace: true)), ("pool", nn.MaxPool2d(2)), ("flat", nn.Flatten()),
            ("fc1", nn.Linear(64, 32)), ("relu1", nn.ReLU(inplace: true)), ("drop1", nn.Dropout(0.5)),
            ("fc2", nn.Linear(32, 32)), ("relu2", nn.ReLU(inplace: true)), ("drop2", nn.Dropout(0.5)), ("fc3", nn.Linear(32, 5)));
        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(30) with { Seed = 1, Dropout = 0.1 });
        using var trainer = new AdaLora.Training.Trainer(adapted, new AdaLora.Training.TrainerOptions { TotalSteps = 30, LearningRate = 1e-2, Seed = 1 });
        var (images, labels) = (rand(16, 3, 8, 8), randint(0, 5, 16));

        _ = trainer.Fit(Enumerable.Repeat(images, 30), batch => nn.functional.cross_entropy(model.call(batch), labels));

        Assert.True(adapted.IsPatternFinal);
        Assert.True(adapted.TrainableParameters[0].isfinite().all().item<bool>());
    }

    [Fact]
    public void An_output_of_a_pass_without_a_graph_can_be_changed_in_place_by_one_with_it()
    {
        using var scope = NewDisposeScope();
        using var model = nn.Sequential(("only", nn.Linear(Width, Width)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { Seed = 1 });
        model.eval();
        Tensor before, merged;
        using (no_grad())
        {
            before = model.call(ones(2, Width));
            adapted.Merge();
            merged = model.call(ones(2, Width));
        }

        var learning = ones(Width, requires_grad: true);
        before.add_(learning);
        merged.add_(learning);
        (before + merged).sum().backward();
        Assert.Equal(full(Width, 4f), learning.grad!);
    }
}
