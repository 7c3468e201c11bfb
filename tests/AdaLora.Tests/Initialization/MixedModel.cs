using AdaLora.Tests.Goldens;
using static TorchSharp.torch;

namespace AdaLora.Tests.Initialization;

/// <summary>A convolution, two linear layers that read the same tensor, and a layer that keeps its weight transposed.</summary>
internal sealed class MixedModel : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> conv;
    private readonly nn.Module<Tensor, Tensor> first;
    private readonly nn.Module<Tensor, Tensor> second;
    private readonly nn.Module<Tensor, Tensor> transposed;
    private readonly nn.Module<Tensor, Tensor> dropout;

    public MixedModel(ScalarType dtype)
        : base(nameof(MixedModel))
    {
        using var seed = manual_seed(7);
        conv = nn.Conv2d(2, 10, 3, stride: 2, padding: 1, dtype: dtype);
        first = nn.Linear(10, 12, dtype: dtype);
        second = nn.Linear(10, 12, dtype: dtype);
        transposed = new Conv1D(randn(12, 9, dtype: dtype), zeros(9, dtype: dtype));
        dropout = nn.Dropout(0);
        RegisterComponents();
    }

    /// <summary>The weights as matrices (out, in), in the order of the adapters.</summary>
    public IReadOnlyList<Tensor> Matrices =>
        [get_parameter("conv.weight")!.view(10, 18), get_parameter("first.weight")!, get_parameter("second.weight")!, get_parameter("transposed.weight")!.t()];

    /// <summary>What the layers read in the latest pass, in the same order.</summary>
    public List<Tensor> Read { get; } = [];

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var pixels = conv.call(input);
        var places = pixels.permute(0, 2, 3, 1).mean([1, 2]).tanh();
        var hidden = dropout.call((first.call(places) * second.call(places)).tanh());
        Read.Clear();
        Read.AddRange([input.detach().clone().DetachFromDisposeScope(), places.detach().clone().DetachFromDisposeScope(), places.detach().clone().DetachFromDisposeScope(),
            hidden.detach().clone().DetachFromDisposeScope()]);
        return transposed.call(hidden).MoveToOuterDisposeScope();
    }
}
