using static TorchSharp.torch;

namespace AdaLora.Tests.Models;

/// <summary>Three layers that read the same tensor, as query, key and value do, and one that reads their results.</summary>
internal sealed class BranchingModel : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> query;
    private readonly nn.Module<Tensor, Tensor> key;
    private readonly nn.Module<Tensor, Tensor> value;
    private readonly nn.Module<Tensor, Tensor> output;
    private readonly nn.Module<Tensor, Tensor> head;

    public BranchingModel(ScalarType dtype = ScalarType.Float32, int inputs = 8, int width = 8)
        : base(nameof(BranchingModel))
    {
        using var seed = manual_seed(7);
        query = nn.Linear(inputs, width, dtype: dtype);
        key = nn.Linear(inputs, width, dtype: dtype);
        value = nn.Linear(inputs, width, dtype: dtype);
        output = nn.Linear(width, width, dtype: dtype);
        head = nn.Linear(width, 3, dtype: dtype);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var joined = (query.call(input) * key.call(input).tanh()) + value.call(input);
        return head.call(output.call(joined.tanh())).MoveToOuterDisposeScope();
    }
}
