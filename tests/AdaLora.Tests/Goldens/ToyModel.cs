using AdaLora.TestSupport;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Tests.Goldens;

/// <summary>The small classifier of the reference training runs: adapted layers fc1, fc2, ... with ReLU, then a head that is trained in full.</summary>
internal sealed class ToyModel : nn.Module<Tensor, Tensor>
{
    private readonly ModuleDict<nn.Module<Tensor, Tensor>> layers;
    private readonly nn.Module<Tensor, Tensor> head;
    private readonly IReadOnlyList<string> _names;

    public ToyModel(GoldenSet init, IReadOnlyList<string> names)
        : base(nameof(ToyModel))
    {
        _names = names;
        layers = nn.ModuleDict(names.Select(n => (n, (nn.Module<Tensor, Tensor>)Load(init, n))).ToArray());
        head = Load(init, "head");
        RegisterComponents();
    }

    public Linear Head => (Linear)head;

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var hidden = _names.Aggregate(input, (x, name) => nn.functional.relu(layers[name].call(x)));
        return head.call(hidden).MoveToOuterDisposeScope();
    }

    internal static Linear Load(GoldenSet init, string name)
    {
        var weight = init[$"init.{name}.weight"];
        var linear = nn.Linear(weight.shape[1], weight.shape[0], device: TestDevice.Current, dtype: ScalarType.Float64);
        using var noGrad = no_grad();
        linear.weight.copy_(weight);
        linear.bias!.copy_(init[$"init.{name}.bias"]);
        return linear;
    }
}
