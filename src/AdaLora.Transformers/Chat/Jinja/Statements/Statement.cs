using AdaLora.Transformers.Chat.Jinja.Expressions;
using AdaLora.Transformers.Chat.Jinja.Syntax;
using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja.Statements;

/// <summary>How a statement ends.</summary>
internal enum Outcome
{
    /// <summary>The next one follows.</summary>
    Next,

    /// <summary>The next pass of the loop follows.</summary>
    Continue,

    /// <summary>The loop ends.</summary>
    Break,
}

/// <summary>Something that writes, or changes what names stand for.</summary>
internal abstract class Statement(Place at)
{
    public Place At => at;

    public Outcome Execute(Run run, Scope scope)
    {
        run.Step(at);
        return Do(run, scope);
    }

    protected abstract Outcome Do(Run run, Scope scope);
}

/// <summary>Statements one after another.</summary>
internal sealed class Block(IReadOnlyList<Statement> statements)
{
    public Outcome Execute(Run run, Scope scope)
    {
        foreach (var statement in statements)
        {
            if (statement.Execute(run, scope) is not Outcome.Next and var outcome)
                return outcome;
        }

        return Outcome.Next;
    }
}

/// <summary>Text outside tags.</summary>
internal sealed class WriteText(Place at, string text) : Statement(at)
{
    protected override Outcome Do(Run run, Scope scope)
    {
        run.Write(At, text);
        return Outcome.Next;
    }
}

/// <summary>Writes a value.</summary>
internal sealed class WriteValue(Place at, Expression value) : Statement(at)
{
    protected override Outcome Do(Run run, Scope scope)
    {
        run.Write(At, PrintedText.Of(value.Evaluate(run, scope)));
        return Outcome.Next;
    }
}

/// <summary>Leaves a loop, or goes on to its next pass.</summary>
internal sealed class Jump(Place at, Outcome outcome) : Statement(at)
{
    protected override Outcome Do(Run run, Scope scope) => outcome;
}

/// <summary>The first branch whose condition holds.</summary>
internal sealed class Branches(Place at, IReadOnlyList<(Expression? Condition, Block Body)> branches) : Statement(at)
{
    protected override Outcome Do(Run run, Scope scope)
    {
        foreach (var (condition, body) in branches)
        {
            if (condition is null || Truth.Of(condition.Evaluate(run, scope)))
                return body.Execute(run, scope);
        }

        return Outcome.Next;
    }
}

/// <summary>A part that the model writes in a conversation.</summary>
internal sealed class GenerationBlock(Place at, Block body) : Statement(at)
{
    protected override Outcome Do(Run run, Scope scope)
    {
        run.Generate(At, () => body.Execute(run, new Scope(scope)));
        return Outcome.Next;
    }
}

/// <summary>Writes what filters make of what a block writes.</summary>
internal sealed class FilterBlock(Place at, Expression filters, Block body) : Statement(at)
{
    protected override Outcome Do(Run run, Scope scope)
    {
        var inner = new Scope(scope);
        inner[Captured.Name] = run.Capture(() => body.Execute(run, inner));
        run.Write(At, PrintedText.Of(filters.Evaluate(run, inner)));
        return Outcome.Next;
    }
}

/// <summary>Names for a block alone.</summary>
internal sealed class With(Place at, IReadOnlyList<(Target Target, Expression Value)> values, Block body) : Statement(at)
{
    protected override Outcome Do(Run run, Scope scope)
    {
        var inner = new Scope(scope);
        foreach (var (target, value) in values)
            target.Assign(At, inner, value.Evaluate(run, scope));
        return body.Execute(run, inner);
    }
}
