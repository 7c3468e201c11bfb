using AdaLora.Adapters;
using AdaLora.ModelZoo.Models;
using AdaLora.Targeting;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.ModelZoo;

/// <summary>One tensor as the weight of two layers: TorchSharp shows it as two parameters with handles of their own.</summary>
public sealed class TiedTests
{
    private static AdaLoraOptions Options => AdaLoraOptions.ForTotalSteps(40, targetRank: 2) with { Alpha = 6, Seed = 3, OrthogonalityWeight = 0 };

    [Fact]
    public void A_materialised_weight_gets_the_gradient_of_all_its_uses_once()
    {
        using var scope = NewDisposeScope();
        var model = New();
        using var adapted = AdaLoraModel.Attach(model, Options with { Targets = TargetModules.Suffixes("words"), Attachment = AttachmentMethod.Materialise });
        var adapter = Assert.IsType<SvdEmbedding>(Assert.Single(adapted.Adapters));
        var gradient = GradientOfTable(model);

        Loss(model).backward();
        _ = adapted.BeforeOptimizerStep();

        var expected = adapter.get_parameter("lora_B")!.t().mm(gradient.t()).mul(adapter.get_parameter("lora_A")!).sum(1) * adapter.Scale;
        Close(expected, adapter.get_parameter("lora_E")!.grad!.view(-1));
    }

    [Fact]
    public void A_weight_that_is_trained_in_full_gets_the_gradient_of_all_its_uses_once()
    {
        using var scope = NewDisposeScope();
        var model = New();
        using var adapted = AdaLoraModel.Attach(model, Options with { Targets = TargetModules.Suffixes("hidden"), TrainedModules = ["words", "output"] });
        var gradient = GradientOfTable(model);

        Loss(model).backward();
        _ = adapted.BeforeOptimizerStep();

        Assert.Equal(2, adapted.TrainableParameters.Count);
        Close(gradient, adapted.TrainableParameters[1].grad!);
    }

    private static TiedLanguageModel New()
    {
        using var seed = manual_seed(5);
        return new();
    }

    private static Tensor Ids => (ZooModel.Inputs.abs() * 4).to(ScalarType.Int64).clamp(0, 9);

    private static Tensor Loss(TiedLanguageModel model) => model.call(ZooModel.Inputs).square().sum();

    // The same computation with one table.
    private static Tensor GradientOfTable(TiedLanguageModel model)
    {
        var parameters = model.named_parameters().ToDictionary(p => p.name.Replace(".base_layer", "", StringComparison.Ordinal), p => p.parameter.detach().clone(), StringComparer.Ordinal);
        var table = parameters["words.weight"].requires_grad_();
        var states = nn.functional.linear(table.index_select(0, Ids.reshape(-1)).view(16, 6, 8), parameters["hidden.weight"], parameters["hidden.bias"]).tanh();
        nn.functional.linear(states, table).mean([1]).square().sum().backward();
        return table.grad!;
    }

    private static void Close(Tensor expected, Tensor actual)
    {
        var largest = expected.abs().max().item<float>();
        Assert.True(largest > 1e-4);
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, 1e-4 * largest);
    }
}
