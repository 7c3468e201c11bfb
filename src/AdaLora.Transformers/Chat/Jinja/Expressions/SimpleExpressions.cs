using AdaLora.Transformers.Chat.Jinja.Syntax;
using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja.Expressions;

/// <summary>A value that is written out.</summary>
internal sealed class Literal(Place at, object? value) : Expression(at)
{
    protected override object? Compute(Run run, Scope scope) => value;
}

/// <summary>The value of a name.</summary>
internal sealed class Variable(Place at, string name) : Expression(at)
{
    public string Name => name;

    protected override object? Compute(Run run, Scope scope) => scope[name];
}

/// <summary>A list or a tuple that is written out.</summary>
internal sealed class ListOf(Place at, IReadOnlyList<Expression> items, bool isTuple) : Expression(at)
{
    protected override object? Compute(Run run, Scope scope)
    {
        var values = items.Select(item => item.Evaluate(run, scope));
        return isTuple ? new TupleValue(values) : values.ToList();
    }
}

/// <summary>A mapping that is written out.</summary>
internal sealed class MappingOf(Place at, IReadOnlyList<(Expression Key, Expression Value)> pairs) : Expression(at)
{
    protected override object? Compute(Run run, Scope scope)
    {
        var mapping = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (key, value) in pairs)
        {
            var name = key.Evaluate(run, scope);
            mapping[name as string ?? throw key.At.Fault($"the key of a mapping must be a string here, not {Kinds.NameOf(name)}")] = value.Evaluate(run, scope);
        }

        return mapping;
    }
}

/// <summary>One of two values.</summary>
internal sealed class Conditional(Place at, Expression condition, Expression value, Expression? otherwise) : Expression(at)
{
    protected override object? Compute(Run run, Scope scope) =>
        Truth.Of(condition.Evaluate(run, scope)) ? value.Evaluate(run, scope)
        : otherwise is not null ? otherwise.Evaluate(run, scope)
        : new Undefined("the condition is false, and there is no else");
}

/// <summary>Both, or either.</summary>
internal sealed class Logical(Place at, Expression left, Expression right, bool isAnd) : Expression(at)
{
    protected override object? Compute(Run run, Scope scope)
    {
        var value = left.Evaluate(run, scope);
        return Truth.Of(value) == isAnd ? right.Evaluate(run, scope) : value;
    }
}

/// <summary>Not.</summary>
internal sealed class Negation(Place at, Expression operand) : Expression(at)
{
    protected override object? Compute(Run run, Scope scope) => !Truth.Of(operand.Evaluate(run, scope));
}

/// <summary>A chain of comparisons, each between neighbours.</summary>
internal sealed class Comparison(Place at, Expression first, IReadOnlyList<(string Operator, Expression Operand)> others) : Expression(at)
{
    protected override object? Compute(Run run, Scope scope)
    {
        var left = first.Evaluate(run, scope);
        foreach (var (sign, operand) in others)
        {
            var right = operand.Evaluate(run, scope);
            if (!Arithmetic.Holds(run, At, sign, left, right))
                return false;
            left = right;
        }

        return true;
    }
}

/// <summary>Arithmetic between two values.</summary>
internal sealed class Operation(Place at, string sign, Expression left, Expression right) : Expression(at)
{
    protected override object? Compute(Run run, Scope scope) => Arithmetic.Compute(run, At, sign, left.Evaluate(run, scope), right.Evaluate(run, scope));
}

/// <summary>A number with its sign.</summary>
internal sealed class Signed(Place at, bool isNegative, Expression operand) : Expression(at)
{
    protected override object? Compute(Run run, Scope scope) => operand.Evaluate(run, scope) switch
    {
        long number => (object)(isNegative ? -number : number),
        double number => isNegative ? -number : number,
        bool truth => isNegative == truth ? (truth ? -1L : 0L) : (truth ? 1L : 0L),
        var other => throw At.Fault($"{Kinds.NameOf(other)} has no sign"),
    };
}

/// <summary>Several values as one text.</summary>
internal sealed class Joined(Place at, IReadOnlyList<Expression> parts) : Expression(at)
{
    protected override object? Compute(Run run, Scope scope) => run.Made(At, string.Concat(parts.Select(part => PrintedText.Of(part.Evaluate(run, scope)))));
}
