using AdaLora.Transformers.Chat.Jinja.Expressions;
using AdaLora.Transformers.Chat.Jinja.Syntax;
using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja.Statements;

/// <summary>What a value is given to: a name, an attribute of a namespace, or several.</summary>
internal abstract class Target
{
    public abstract void Assign(Place at, Scope scope, object? value);
}

/// <summary>A name.</summary>
internal sealed class NameTarget(string name) : Target
{
    public override void Assign(Place at, Scope scope, object? value) => scope[name] = value;
}

/// <summary>An attribute of a namespace.</summary>
internal sealed class AttributeTarget(string name, string attribute) : Target
{
    public override void Assign(Place at, Scope scope, object? value)
    {
        if (scope[name] is not NamespaceValue space)
            throw at.Fault($"'{name}' is {Kinds.NameOf(scope[name])}; only attributes of a namespace can be set");
        space.Attributes[attribute] = value;
    }
}

/// <summary>One target for each item of a list.</summary>
internal sealed class SeveralTargets(IReadOnlyList<Target> targets) : Target
{
    public override void Assign(Place at, Scope scope, object? value)
    {
        var items = Kinds.Items(value) ?? throw at.Fault($"{Kinds.NameOf(value)} can't be taken apart");
        if (items.Count != targets.Count)
            throw at.Fault($"{items.Count} values are given to {targets.Count} names");
        foreach (var (target, item) in targets.Zip(items))
            target.Assign(at, scope, item);
    }
}

/// <summary>Gives a value to a target.</summary>
internal sealed class Assignment(Place at, Target target, Expression value) : Statement(at)
{
    protected override Outcome Do(Run run, Scope scope)
    {
        target.Assign(At, scope, value.Evaluate(run, scope));
        return Outcome.Next;
    }
}

/// <summary>Gives what a block writes to a target, through filters if there are any.</summary>
internal sealed class BlockAssignment(Place at, Target target, Expression filters, Block body) : Statement(at)
{
    protected override Outcome Do(Run run, Scope scope)
    {
        var inner = new Scope(scope);
        inner[Captured.Name] = run.Capture(() => body.Execute(run, inner));
        target.Assign(At, scope, filters.Evaluate(run, inner));
        return Outcome.Next;
    }
}
