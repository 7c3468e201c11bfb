using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>Which modules of a model are in training mode, in case a switch fails halfway.</summary>
internal sealed class TrainingModes(nn.Module model)
{
    private readonly IReadOnlyList<(nn.Module Module, bool IsTraining)> _modes = [.. ModuleNode.Walk(model).Select(node => (node.Module, node.Module.training))];

    /// <summary>Switches every module back.</summary>
    public void PutBack()
    {
        // Each call also switches the modules below, which get their own turn later.
        foreach (var (module, isTraining) in _modes)
            module.train(isTraining);
    }
}
