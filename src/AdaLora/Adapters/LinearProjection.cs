using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>TorchSharp's own linear layer as a projection.</summary>
internal sealed class LinearProjection(Linear linear) : IProjection
{
    public Tensor Weight => linear.weight;

    public Tensor? Bias => linear.bias;

    public long InFeatures => linear.in_features;

    public long OutFeatures => linear.out_features;

    public bool WeightIsTransposed => false;
}
