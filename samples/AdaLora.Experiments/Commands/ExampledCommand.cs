using System.CommandLine;

namespace AdaLora.Experiments.Commands;

/// <summary>A command whose help text ends with examples.</summary>
internal sealed class ExampledCommand(string name, string description, params IReadOnlyList<string> examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples => examples;
}
