using AdaLora.Adapters;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>A linear layer whose weight is stored (in x out), as GPT-2's are.</summary>
internal sealed class Conv1D : Module<Tensor, Tensor>, IProjection
{
    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter _bias;

    public Conv1D(long inputs, long outputs)
        : base(nameof(Conv1D))
    {
        _weight = Unfilled.Parameter(inputs, outputs);
        _bias = Unfilled.Parameter(outputs);
        RegisterComponents();
    }

    public Tensor Weight => _weight;

    public Tensor Bias => _bias;

    public long InFeatures => _weight.shape[0];

    public long OutFeatures => _weight.shape[1];

    public bool WeightIsTransposed => true;

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return functional.linear(input, _weight.t(), _bias).MoveToOuterDisposeScope();
    }
}
