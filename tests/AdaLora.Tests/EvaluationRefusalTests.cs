using AdaLora.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests;

/// <summary>A model that may not go into evaluation mode, because its adapters were trained and their allocator never ran, stays in the mode it was in.</summary>
public sealed class EvaluationRefusalTests
{
    [Fact]
    public void A_refused_evaluation_mode_leaves_every_module_as_it_was()
    {
        using var inner = new TinyModel();
        using var model = nn.Sequential(("norm", nn.BatchNorm1d(8)), ("dropout", nn.Dropout(0.1)), ("inner", inner), ("last", nn.Dropout(0.1)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, TotalSteps = 10 });
        model.train();
        foreach (var (_, module) in model.named_children().Where(child => child.name == "norm"))
            module.eval();
        model.call(randn(4, 8)).sum().backward();
        using (no_grad())
            _ = adapted.TrainableParameters[0].uniform_(-1, 1);
        var before = Modes(model);
        Assert.Contains(false, before.Values);

        foreach (var refused in new Action[] { model.eval, inner.eval, () => model.train(false) })
        {
            _ = Assert.Throws<InvalidOperationException>(refused);
            Assert.Equal(before, Modes(model));
        }

        _ = adapted.Detach();
        model.eval();
        Assert.DoesNotContain(true, Modes(model).Values);
    }

    private static Dictionary<string, bool> Modes(nn.Module model) =>
        model.named_modules().Append(("", model)).ToDictionary(named => named.Item1, named => named.Item2.training, StringComparer.Ordinal);
}
