using AdaLora.Tests.Models;
using CsCheck;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Lives;

/// <content>What must hold after every act.</content>
internal sealed partial class RandomLife
{
    private void Check()
    {
        if (Current is not { } s)
        {
            Assert.Equal(_plain, Outputs(_model));
            return;
        }

        var adapted = s.Adapted;
        Assert.Equal(s.Is, s.Now);
        Assert.Equal(s.Steps, adapted.Step);
        Assert.Equal(s.Is.Live, adapted.ReadPattern().Total);
        Assert.Equal(adapted.Adapters.Select(a => a.Slot), adapted.Adapters.Select(a => adapted.Bank.Layout[a.Slot.Name]));
        var values = adapted.TrainableParameters[0];
        Assert.Equal(adapted.Adapters.Sum(a => a.Rank * (a.Slot.Shape.OutFeatures + a.Slot.Shape.InFeatures + 1)), values.numel());
        Assert.Equal(values.numel(), adapted.Tracker.Sensitivity.numel());
        Assert.Equal(values.numel(), values.grad!.numel());
        foreach (var (view, of) in adapted.Adapters.SelectMany(a => a.Views))
        {
            Assert.Equal(Numbers(of(values.detach())), Numbers(view.detach()));
            Assert.True(view.grad is null || view.grad.shape.SequenceEqual(view.shape));
        }

        Close(s.Outputs, Outputs(_model), 1e-6);
    }

    private static double[] Outputs(TinyModel model)
    {
        var before = model.training;
        var outputs = TrainedTiny.Outputs(model);
        model.train(before);
        return outputs;
    }

    private static double[] Close(double[] expected, double[] actual, double precision)
    {
        Assert.All(expected.Zip(actual), o => Assert.Equal(o.First, o.Second, precision * (1 + Math.Abs(o.First))));
        return actual;
    }

    private static float[] Numbers(Tensor tensor) => tensor.numel() == 0 ? [] : tensor.contiguous().data<float>().ToArray();
}
