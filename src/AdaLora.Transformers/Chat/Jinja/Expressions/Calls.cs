using AdaLora.Transformers.Chat.Jinja.Functions;
using AdaLora.Transformers.Chat.Jinja.Syntax;
using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja.Expressions;

/// <summary>The arguments of a call as they are written.</summary>
internal sealed class WrittenArguments(IReadOnlyList<Expression> positional, IReadOnlyList<(string Name, Expression Value)> named)
{
    public static WrittenArguments None { get; } = new([], []);

    public Arguments Evaluate(Run run, Scope scope, string what, Place at, params ReadOnlySpan<object?> before)
    {
        List<object?> values = [.. before];
        values.AddRange(positional.Select(argument => argument.Evaluate(run, scope)));
        return new Arguments(what, at, values, named.ToDictionary(argument => argument.Name, argument => argument.Value.Evaluate(run, scope), StringComparer.Ordinal));
    }
}

/// <summary>The result of a function, a macro or a method.</summary>
internal sealed class Call(Place at, Expression function, WrittenArguments arguments) : Expression(at)
{
    protected override object? Compute(Run run, Scope scope) => function.Evaluate(run, scope) switch
    {
        Callable callable => callable.Call(run, arguments.Evaluate(run, scope, callable.Name, At)),
        LoopState { Again: { } again } => again.Call(run, arguments.Evaluate(run, scope, again.Name, At)),
        Undefined undefined => throw At.Fault($"there is nothing to call: {undefined.Why}"),
        var other => throw At.Fault($"{Kinds.NameOf(other)} can't be called"),
    };
}

/// <summary>What a filter makes of a value.</summary>
/// <param name="at">Where it is.</param>
/// <param name="of">The value; null for what a block has written.</param>
/// <param name="name">The filter's name, which exists.</param>
/// <param name="arguments">Its further arguments.</param>
internal sealed class Filtered(Place at, Expression of, string name, WrittenArguments arguments) : Expression(at)
{
    protected override object? Compute(Run run, Scope scope) => Filters.Apply(run, name, arguments.Evaluate(run, scope, $"the filter {name}", At, of.Evaluate(run, scope)));
}

/// <summary>Whether a value passes a test.</summary>
internal sealed class Tested(Place at, Expression of, string name, WrittenArguments arguments) : Expression(at)
{
    protected override object? Compute(Run run, Scope scope) => Tests.Apply(run, name, arguments.Evaluate(run, scope, $"the test {name}", At, of.Evaluate(run, scope)));
}

/// <summary>What a block has written.</summary>
internal sealed class Captured(Place at) : Expression(at)
{
    /// <summary>The name under which it is known, which no template can write.</summary>
    public const string Name = "<captured>";

    protected override object? Compute(Run run, Scope scope) => scope[Name];
}
