using AdaLora.Transformers.Chat.Jinja.Syntax;

namespace AdaLora.Transformers.Chat.Jinja.Expressions;

/// <summary>Something that has a value.</summary>
/// <param name="at">Where it is.</param>
internal abstract class Expression(Place at)
{
    public Place At => at;

    public object? Evaluate(Run run, Scope scope)
    {
        run.Step(at);
        return Compute(run, scope);
    }

    protected abstract object? Compute(Run run, Scope scope);
}
