using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>
/// A parameter's place: its module and its name there. Moving a model replaces its parameter objects and injection changes full names, but a place stays the same.
/// </summary>
internal sealed class ParameterSlot(nn.Module owner, string name, string fullName)
{
    public string FullName { get; } = fullName;

    /// <summary>The parameter's name in its own module.</summary>
    public string Name => name;

    /// <summary>Whether the module still has such a parameter.</summary>
    public bool Exists => owner.named_parameters(recurse: false).Any(pair => pair.name == name);

    public Parameter Parameter => owner.named_parameters(recurse: false).First(pair => pair.name == name).parameter;

    /// <summary>The parameters of the modules, each once, under its first name.</summary>
    public static IEnumerable<ParameterSlot> In(IEnumerable<ModuleNode> nodes) => nodes
        .SelectMany(node => node.Module.named_parameters(recurse: false)
            .Select(pair => (slot: new ParameterSlot(node.Module, pair.name, node.Path.Length == 0 ? pair.name : $"{node.Path}.{pair.name}"), pair.parameter)))
        .DistinctBy(pair => pair.parameter.Handle)
        .Select(pair => pair.slot);
}
