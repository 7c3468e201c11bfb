using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Tests;

/// <summary>Operations on an adapted model whose adapters are gone are refused by name, not by a tensor.</summary>
public sealed class UseAfterEndTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nothing_can_be_done_after_the_end(bool detach)
    {
        using var scope = NewDisposeScope();
        var model = Sequential(("first", Linear(4, 4)), ("second", Linear(4, 2)));
        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(10));
        if (detach)
            adapted.Detach();
        else
            adapted.Dispose();

        Refuses(adapted, typeof(AdaLoraModel));
    }

    [Fact]
    public void Nothing_can_be_done_once_the_model_itself_is_disposed()
    {
        var model = Sequential(("first", Linear(4, 4)), ("head", Linear(4, 2)));
        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(10) with { TrainedModules = ["head"] });
        model.Dispose();

        Refuses(adapted, model.GetType());
    }

    [Fact]
    public void An_adapter_that_is_not_there_is_told_with_its_full_path()
    {
        using var model = Linear(4, 4);

        var exception = Assert.Throws<InvalidDataException>(() => AdaLoraModel.Load(model, "no-such-adapter"));

        Assert.Contains($"the folder '{Path.GetFullPath("no-such-adapter")}' does not exist", exception.Message, StringComparison.Ordinal);
    }

    private static void Refuses(AdaLoraModel adapted, Type disposed)
    {
        Action[] uses =
        [
            () => adapted.Save("never"), () => adapted.ExportLora("never"), () => adapted.Report(), () => adapted.Merge(),
            () => adapted.Begin(10), () => adapted.BeforeOptimizerStep(), adapted.Finish,
        ];

        Assert.All(uses, use => Assert.Equal(disposed.FullName, Assert.Throws<ObjectDisposedException>(use).ObjectName));
        Assert.False(Directory.Exists("never"));
    }
}
