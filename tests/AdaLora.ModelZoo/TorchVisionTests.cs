using AdaLora.Targeting;
using AdaLora.TestSupport;
using AdaLora.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.ModelZoo;

/// <summary>Networks of TorchVision with random weights, on images as small as they can be: every convolution gets an adapter.</summary>
public sealed class TorchVisionTests
{
    private static readonly Dictionary<string, Func<nn.Module<Tensor, Tensor>>> Networks = new(StringComparer.Ordinal)
    {
        ["resnet18"] = () => torchvision.models.resnet18(num_classes: 3, skipfc: false),
        ["resnet50"] = () => torchvision.models.resnet50(num_classes: 3, skipfc: false),
        ["vgg11"] = () => torchvision.models.vgg11(num_classes: 3, dropout: 0, skipfc: false),
        ["mobilenet_v2"] = () => torchvision.models.mobilenet_v2(num_classes: 3, width_mult: 0.25, dropout: 0),
    };

    [Theory]
    [InlineData("resnet18", AttachmentMethod.Automatic)]
    [InlineData("resnet18", AttachmentMethod.Materialise)]
    [InlineData("resnet50", AttachmentMethod.Automatic)]
    [InlineData("vgg11", AttachmentMethod.Automatic)]
    [InlineData("mobilenet_v2", AttachmentMethod.Automatic)]
    public void All_convolutions_train_are_saved_loaded_and_merged(string name, AttachmentMethod attachment)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var model = New(name);
        var convolutions = model.named_modules().Where(m => m.module is TorchSharp.Modules.Conv2d).Select(m => m.name).ToList();
        var options = AdaLoraOptions.ForTotalSteps(20, targetRank: 2) with { Targets = TargetModules.Suffixes([.. convolutions]), Attachment = attachment, Alpha = 6, Seed = 2 };
        var plain = Run(model);
        using var adapted = AdaLoraModel.Attach(model, options);
        Assert.Equal(convolutions.Order(StringComparer.Ordinal), adapted.Report().Modules.Select(m => m.Name).Order(StringComparer.Ordinal));
        Close(plain, Run(model));

        using (var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 20, LearningRate = 0.01 }))
            _ = trainer.Fit(Enumerable.Range(0, 20), (int _) => Loss(model));
        var trained = Run(model);
        Assert.NotEqual(plain, trained);

        adapted.Save(folder.Path);
        var fresh = New(name);
        using var loaded = AdaLoraModel.Load(fresh, folder.Path, attachment: attachment);
        Close(trained, Run(fresh));
        adapted.MergeAndDetach();
        Close(trained, Run(model));
    }

    private static nn.Module<Tensor, Tensor> New(string name)
    {
        using var seed = manual_seed(5);
        return Networks[name]();
    }

    private static Tensor Images
    {
        get
        {
            using var seed = manual_seed(4);
            return randn(4, 3, 32, 32);
        }
    }

    private static Tensor Loss(nn.Module<Tensor, Tensor> model)
    {
        using var scope = NewDisposeScope();
        return nn.functional.cross_entropy(model.call(Images), tensor([0L, 1, 2, 0])).MoveToOuterDisposeScope();
    }

    private static float[] Run(nn.Module<Tensor, Tensor> model)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        model.eval();
        var outputs = model.call(Images).data<float>().ToArray();
        model.train();
        return outputs;
    }

    private static void Close(float[] expected, float[] actual)
    {
        var largest = expected.Max(Math.Abs);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * (1 + largest)));
    }
}
