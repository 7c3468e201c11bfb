using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace AdaLora.Glue;

/// <summary>Adds examples to the help text of commands.</summary>
/// <param name="standard">Prints the usual help text.</param>
/// <param name="examples">What to add, per command.</param>
internal sealed class HelpExamples(HelpAction standard, IReadOnlyDictionary<Command, IReadOnlyList<string>> examples) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var code = standard.Invoke(parseResult);
        if (examples.TryGetValue(parseResult.CommandResult.Command, out var lines))
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var line in lines)
                output.WriteLine("  " + line);
        }

        return code;
    }
}
