using static TorchSharp.torch;

namespace AdaLora.Tests.Models;

/// <summary>Two hidden layers and a head: the smallest model in which ranks can be allocated.</summary>
internal sealed class TinyModel : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> first;
    private readonly nn.Module<Tensor, Tensor> second;
    private readonly nn.Module<Tensor, Tensor> head;

    public TinyModel(ScalarType dtype = ScalarType.Float32, int width = 16)
        : base(nameof(TinyModel))
    {
        using var seed = manual_seed(7);
        first = nn.Linear(8, width, dtype: dtype);
        second = nn.Linear(width, width, dtype: dtype);
        head = nn.Linear(width, 3, dtype: dtype);
        RegisterComponents();
    }

    /// <summary>Leaves the second layer out of the forward pass, so that its adapter never runs.</summary>
    public bool SkipSecond { get; set; }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var hidden = first.call(input).tanh();
        if (!SkipSecond)
            hidden = second.call(hidden).tanh();
        return head.call(hidden).MoveToOuterDisposeScope();
    }
}
