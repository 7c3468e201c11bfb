using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>
/// A change of several things that happens entirely or not at all. It is planned first, which may fail without changing anything; then its steps are executed, and if one fails, it and the
/// preceding ones are undone.
/// </summary>
internal sealed class Transition
{
    private readonly List<(Action Take, Action Undo)> _steps = [];
    private readonly List<Action> _last = [];

    /// <summary>Adds a step. Undoing it must work, and do no harm, even if it was only partly executed.</summary>
    public void Add(Action take, Action undo) => _steps.Add((take, undo));

    /// <summary>
    /// Adds a step that runs after all those of <see cref="Add"/>, whenever these are added, and is not undone: for what cannot be undone, which may fail if it is the first of these, and
    /// for what cannot fail.
    /// </summary>
    public void AddLast(Action take) => _last.Add(take);

    /// <summary>Adds a step that makes a tensor use the memory of another, of any size; it stays the same object, also for optimisers.</summary>
    public void Exchange(Tensor target, Tensor contents)
    {
        var former = target.detach();
        Add(() => target.set_(contents), () => target.set_(former));
    }

    /// <summary>Executes all steps, or none if one of them throws.</summary>
    public void Run()
    {
        using var noGrad = no_grad();
        var taken = 0;
        try
        {
            for (; taken < _steps.Count; taken++)
                _steps[taken].Take();
            foreach (var take in _last)
                take();
        }
        catch
        {
            for (var i = Math.Min(taken, _steps.Count - 1); i >= 0; i--)
                _steps[i].Undo();
            throw;
        }
    }
}
