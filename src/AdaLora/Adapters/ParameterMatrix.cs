using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>A weight that belongs to no layer, as the linear map of its matrix. It owns nothing.</summary>
internal sealed class ParameterMatrix(Func<Tensor> read) : nn.Module<Tensor, Tensor>(nameof(ParameterMatrix))
{
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return nn.functional.linear(input, read().flatten(1)).MoveToOuterDisposeScope();
    }
}
