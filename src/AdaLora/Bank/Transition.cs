using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>
/// A change of several things that happens as a whole or not at all. It is planned first, which may fail and changes nothing; then its steps are taken, and if one of them fails, it and those before it are taken back.
/// </summary>
internal sealed class Transition
{
    private readonly List<(Action Take, Action Undo)> _steps = [];
    private readonly List<Action> _last = [];

    /// <summary>Adds a step. Taking it back must work, and do no harm, also when it was not taken in full.</summary>
    public void Add(Action take, Action undo) => _steps.Add((take, undo));

    /// <summary>
    /// Adds a step that is taken after all those of <see cref="Add"/>, whenever these are added, and is not taken back: for what nobody can take back, which may fail if it comes first of these, and for what cannot fail.
    /// </summary>
    public void AddLast(Action take) => _last.Add(take);

    /// <summary>Adds a step after which a tensor is over the memory of another, of any size; it stays the same object, also for optimisers.</summary>
    public void Exchange(Tensor target, Tensor contents)
    {
        var former = target.detach();
        Add(() => target.set_(contents), () => target.set_(former));
    }

    /// <summary>Takes all steps, or none if one of them throws.</summary>
    public void Run()
    {
        using var frozen = no_grad();
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
