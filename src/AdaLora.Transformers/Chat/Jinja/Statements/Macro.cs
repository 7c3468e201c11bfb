using AdaLora.Transformers.Chat.Jinja.Expressions;
using AdaLora.Transformers.Chat.Jinja.Syntax;
using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja.Statements;

/// <summary>Makes a function whose result is what a block writes.</summary>
internal sealed class Macro(Place at, string name, IReadOnlyList<(string Name, Expression? Default)> parameters, Block body) : Statement(at)
{
    protected override Outcome Do(Run run, Scope scope)
    {
        scope[name] = new Callable(name, (_, arguments) => run.Nest(arguments.At, () => Apply(run, scope, arguments)));
        return Outcome.Next;
    }

    private string Apply(Run run, Scope scope, Arguments arguments)
    {
        var inner = new Scope(scope);
        var missing = new object();
        foreach (var (parameter, otherwise) in parameters)
        {
            var value = arguments.Next(parameter, missing);
            inner[parameter] = !ReferenceEquals(value, missing) ? value
                : otherwise is not null ? otherwise.Evaluate(run, inner)
                : new Undefined($"the parameter '{parameter}' was not given");
        }

        arguments.End();
        return run.Capture(() => body.Execute(run, inner));
    }
}
