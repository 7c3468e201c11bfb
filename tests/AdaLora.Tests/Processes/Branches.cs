using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Tests.Processes;

/// <summary>Every batch reaches the first parameter, the second batch of a step the second as well, and none the third.</summary>
internal sealed class Branches : nn.Module<int, Tensor>
{
    private readonly Parameter everywhere = new(ones(1));
    private readonly Parameter once = new(ones(1));
    private readonly Parameter nowhere = new(ones(1));

    public Branches()
        : base(nameof(Branches)) => RegisterComponents();

    public override Tensor forward(int batch)
    {
        using var scope = NewDisposeScope();
        var sum = everywhere.mul(tensor(batch + 1f));
        return (batch == 1 ? sum.add(once) : sum).sum().MoveToOuterDisposeScope();
    }

    public float[] Values() => [everywhere.item<float>(), once.item<float>(), nowhere.item<float>()];
}
