using AdaLora.Targeting;
using static TorchSharp.torch;

namespace AdaLora.ModelZoo;

/// <summary>One model and what is done to it.</summary>
/// <param name="Create">Creates it, always with the same weights, given that torch's seed is the same.</param>
/// <param name="Targets">What is adapted.</param>
/// <param name="Attachment">The way that the options ask for.</param>
/// <param name="Expected">The way by which each layer or weight is attached.</param>
internal sealed record ZooModel(
    Func<nn.Module<Tensor, Tensor>> Create, TargetModules Targets, AttachmentMethod Attachment, IReadOnlyDictionary<string, AttachmentMethod> Expected)
{
    public nn.Module<Tensor, Tensor> New()
    {
        using var seed = manual_seed(5);
        return Create();
    }

    public AdaLoraOptions Options => AdaLoraOptions.ForTotalSteps(30, targetRank: 2) with { Targets = Targets, Attachment = Attachment, Alpha = 6, Seed = 3 };

    public static Tensor Inputs
    {
        get
        {
            using var seed = manual_seed(11);
            return randn(16, 6);
        }
    }

    /// <summary>Something to learn.</summary>
    public static Tensor Loss(nn.Module<Tensor, Tensor> model)
    {
        using var scope = NewDisposeScope();
        var inputs = Inputs;
        var outputs = model.call(inputs);
        var wanted = inputs.narrow(1, 0, 3).tanh();
        return nn.functional.mse_loss(outputs.narrow(1, 0, 3), wanted).MoveToOuterDisposeScope();
    }

    public static float[] Run(nn.Module<Tensor, Tensor> model)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        model.eval();
        var outputs = model.call(Inputs).data<float>().ToArray();
        model.train();
        return outputs;
    }
}
