using AdaLora.Transformers.Chat.Jinja.Expressions;
using AdaLora.Transformers.Chat.Jinja.Syntax;
using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja.Statements;

/// <summary>A block for every item. Names set in it are forgotten after each pass.</summary>
/// <param name="at">Where it is.</param>
/// <param name="target">What items are given to.</param>
/// <param name="over">What it goes over.</param>
/// <param name="condition">Which items count; null for all.</param>
/// <param name="body">The block.</param>
/// <param name="otherwise">What follows if there was no item; null for nothing.</param>
/// <param name="isRecursive">Whether the loop can be called within itself.</param>
internal sealed class Loop(Place at, Target target, Expression over, Expression? condition, Block body, Block? otherwise, bool isRecursive) : Statement(at)
{
    protected override Outcome Do(Run run, Scope scope)
    {
        Go(run, scope, over.Evaluate(run, scope), depth: 1);
        return Outcome.Next;
    }

    private void Go(Run run, Scope scope, object? value, int depth)
    {
        var all = Kinds.Items(value) ?? throw At.Fault($"a loop can't go over {Kinds.NameOf(value)}");
        // Without a copy, a text could go on for ever through lists that grow; nothing can change a list here, so there is none.
        var items = condition is null ? all : all.FindAll(item => IsWanted(run, scope, item));
        var again = isRecursive
            ? new Callable("loop", (_, arguments) => run.Nest(arguments.At, () => run.Capture(() => Go(run, scope, arguments.Next("iterable"), depth + 1))))
            : null;
        var state = new LoopState(items, depth, again);
        for (var i = 0; i < items.Count; i++)
        {
            run.Step(At);
            state.Index = i;
            var pass = new Scope(scope) { ["loop"] = state };
            target.Assign(At, pass, items[i]);
            if (body.Execute(run, pass) == Outcome.Break)
                break;
        }

        if (items.Count == 0)
            _ = otherwise?.Execute(run, new Scope(scope));
    }

    private bool IsWanted(Run run, Scope scope, object? item)
    {
        var trial = new Scope(scope) { ["loop"] = new Undefined("the condition of a loop does not know the loop") };
        target.Assign(At, trial, item);
        return Truth.Of(condition!.Evaluate(run, trial));
    }
}
