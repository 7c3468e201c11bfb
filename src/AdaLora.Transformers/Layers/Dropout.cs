using AdaLora.Adapters.Dropout;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>Dropout, in a class of this package so that one place decides where the random numbers come from.</summary>
internal sealed class Dropout(double probability) : Module<Tensor, Tensor>(nameof(Dropout))
{
    public override Tensor forward(Tensor input) =>
        training ? FastDropout.Apply(input, probability) : input.alias();
}
