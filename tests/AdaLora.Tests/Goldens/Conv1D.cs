using AdaLora.Adapters;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Tests.Goldens;

/// <summary>A linear layer that stores its weight input x output, as GPT-2 does; nothing but the interface makes it adaptable.</summary>
internal sealed class Conv1D : nn.Module<Tensor, Tensor>, IProjection
{
    private readonly Parameter weight;
    private readonly Parameter? bias;

    public Conv1D(Tensor initialWeight, Tensor? initialBias)
        : base(nameof(Conv1D))
    {
        weight = new Parameter(initialWeight.clone());
        weight.DetachFromDisposeScope();
        if (initialBias is not null)
        {
            bias = new Parameter(initialBias.clone());
            bias.DetachFromDisposeScope();
        }

        RegisterComponents();
    }

    public Tensor Weight => weight;

    public Tensor? Bias => bias;

    public long InFeatures => weight.shape[0];

    public long OutFeatures => weight.shape[1];

    public bool WeightIsTransposed => true;

    public override Tensor forward(Tensor input) => nn.functional.linear(input, weight.t(), bias);
}
