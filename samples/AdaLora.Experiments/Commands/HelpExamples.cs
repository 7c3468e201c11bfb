using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace AdaLora.Experiments.Commands;

/// <summary>Adds examples to the help text of commands.</summary>
/// <param name="standard">Prints the usual help text.</param>
/// <param name="ofRoot">The examples of the application as a whole.</param>
internal sealed class HelpExamples(HelpAction standard, IReadOnlyList<string> ofRoot) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var code = standard.Invoke(parseResult);
        var examples = parseResult.CommandResult.Command switch
        {
            ExampledCommand command => command.Examples,
            RootCommand => ofRoot,
            _ => [],
        };
        if (examples.Count == 0)
            return code;
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (var example in examples)
            output.WriteLine("  " + example);
        return code;
    }
}
