using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>Which modules of a model are in training mode, for a switch that fails half-way.</summary>
internal sealed class TrainingModes(nn.Module model)
{
    private readonly IReadOnlyList<(nn.Module Module, bool IsTraining)> _modes = [.. ModuleNode.Walk(model).Select(node => (node.Module, node.Module.training))];

    /// <summary>Switches every module back.</summary>
    public void PutBack()
    {
        // Each switches what is below it as well, and has its own turn later.
        foreach (var (module, isTraining) in _modes)
            module.train(isTraining);
    }
}
