using AdaLora.Bank;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// What adapters on a device compute their products from: diag(scale · lambda) P' and Q of every adapter in the element type of the products, made of the bank by a handful of operations for all adapters together. Gradients come
/// back the same way, through one node that adds them to the bank's. Computed adapter by adapter, the same takes some ten operations each, which the host of a fast card cannot issue quickly enough.
/// </summary>
/// <param name="bank">The triplets.</param>
/// <param name="adapters">All adapters of the bank.</param>
/// <param name="binder">Knows the adapters' gradients. Until it has gathered them for the first time, nothing is shared: it has to see which adapters get none.</param>
/// <param name="failure">Where the backward pass stores an exception.</param>
/// <remarks>An adapter that is called again is in another forward pass, for which everything is made anew: triplets may have been changed by hand.</remarks>
internal sealed class SharedFactors(TripletBank bank, IReadOnlyList<SvdAdapter> adapters, GradientBinder binder, BackwardFailure failure) : IBankFollower, IDisposable
{
    private readonly object _lock = new();
    private readonly Dictionary<SvdAdapter, Factors> _factors = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<SvdAdapter> _served = new(ReferenceEqualityComparer.Instance);
    private ScalarType _dtype;
    private Tensor? _scales;
    private bool _wereUsed, _wereBypassed;

    /// <summary>Whether all gradients since the last step have come through this, so that they are in the bank.</summary>
    public bool BroughtAllGradients => _wereUsed && !_wereBypassed;

    /// <summary>The factors of an adapter as part of the graph; null if it has to use its own triplets.</summary>
    /// <param name="adapter">An adapter that holds triplets.</param>
    /// <param name="dtype">The element type of its products.</param>
    /// <returns>Tensors that stay valid until the backward pass; do not change or dispose them.</returns>
    public Factors? For(SvdAdapter adapter, ScalarType dtype)
    {
        if (!binder.HasGathered || !is_grad_enabled() || !bank.Values.requires_grad)
            return null;
        lock (_lock)
        {
            if (_factors.Count == 0 || _dtype != dtype || !_served.Add(adapter))
            {
                Clear();
                Make(dtype);
                _ = _served.Add(adapter);
            }

            return _factors[adapter];
        }
    }

    /// <summary>Called when an adapter computes with its own triplets.</summary>
    public void NoteBypass() => _wereBypassed = true;

    /// <summary>Begins an optimiser step: gradients so far have been used.</summary>
    public void EndStep()
    {
        Forget();
        (_wereUsed, _wereBypassed) = (false, false);
    }

    /// <summary>Ends a forward pass: triplets may change now.</summary>
    public void Forget()
    {
        lock (_lock)
            Clear();
    }

    void IBankFollower.Follow(BankChange change, Transition steps) => steps.Add(ForgetLayout, ForgetLayout);

    /// <inheritdoc/>
    public void Dispose() => ForgetLayout();

    private void ForgetLayout()
    {
        lock (_lock)
        {
            Clear();
            _scales?.Dispose();
            _scales = null;
        }
    }

    private void Clear()
    {
        foreach (var (left, right) in _factors.Values)
        {
            left.Dispose();
            right.Dispose();
        }

        _factors.Clear();
        _served.Clear();
    }

    private void Make(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        (_dtype, _wereUsed) = (dtype, true);
        _scales ??= ScaleOfTriplets().DetachFromDisposeScope();
        var layout = bank.Layout;
        var live = layout.Slots.Where(slot => slot.Rank > 0).Zip(adapters.Where(adapter => adapter.Rank > 0).OrderBy(adapter => adapter.Slot.First)).ToList();
        var served = live.ConvertAll(pair => pair.Second);
        var flat = SharedFactorsFunction.Apply(bank.Values, new FactorRecipe(layout, _scales, dtype, () => binder.ClearUnset(served)), failure);
        var sides = flat.split([.. layout.Groups.SelectMany(group => (long[])[group.Triplets * group.OutFeatures, group.Triplets * group.InFeatures])]);
        foreach (var (group, i) in layout.Groups.Select((group, i) => (group, i)))
        {
            var members = live.Where(pair => pair.First.Shape.OutFeatures == group.OutFeatures && pair.First.Shape.InFeatures == group.InFeatures).ToList();
            long[] ranks = [.. members.Select(pair => (long)pair.First.Rank)];
            var lefts = sides[2 * i].view(group.Triplets, group.OutFeatures).split(ranks);
            var rights = sides[(2 * i) + 1].view(group.Triplets, group.InFeatures).split(ranks);
            foreach (var ((_, adapter), left, right) in members.Zip(lefts, rights))
                _factors.Add(adapter, new Factors(left.DetachFromDisposeScope(), right.DetachFromDisposeScope()));
        }
    }

    private Tensor ScaleOfTriplets() =>
        tensor(adapters.OrderBy(adapter => adapter.Slot.First).SelectMany(adapter => Enumerable.Repeat(adapter.Scale, adapter.Rank)).ToArray(), dtype: bank.Values.dtype, device: bank.Values.device);
}

/// <summary>What the products of one adapter are computed from.</summary>
/// <param name="Left">diag(scale · lambda) P', (rank, out).</param>
/// <param name="Right">Q, (rank, in).</param>
internal readonly record struct Factors(Tensor Left, Tensor Right);
