using AdaLora.Bank;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// What adapters on a device compute their products from: diag(scale · lambda) P' and Q of every adapter in the element type of the products, made of the bank by a handful of operations for
/// all adapters together. Gradients come back the same way, through one node that adds them to the bank's. Computed adapter by adapter, the same takes some ten operations each, which the
/// host of a fast card cannot issue quickly enough.
/// </summary>
/// <param name="bank">The triplets.</param>
/// <param name="adapters">All adapters of the bank.</param>
/// <param name="binder">Knows the adapters' gradients. Until it has gathered them for the first time, nothing is shared: it has to see which adapters get none.</param>
/// <param name="failure">Where the backward pass stores an exception.</param>
/// <remarks>
/// They are made anew once triplets have changed, by hand or otherwise, or gradients have come back. Where changes cannot be recognised (<see cref="TensorVersion"/>), an adapter that is
/// called again is taken to be in another forward pass.
/// </remarks>
internal sealed class SharedFactors(TripletBank bank, IReadOnlyList<SvdAdapter> adapters, GradientBinder binder, BackwardFailure failure) : IBankFollower, IDisposable
{
    private readonly object _lock = new();
    private readonly Dictionary<SvdAdapter, Factors> _factors = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<SvdAdapter> _served = new(ReferenceEqualityComparer.Instance);
    private ScalarType _dtype;
    private long? _version;
    private volatile bool _isOver;
    private Recipe? _recipe;
    private bool _wereUsed, _wereBypassed;

    /// <summary>Whether all gradients since the last step have come through this, so that they are in the bank.</summary>
    public bool BroughtAllGradients => _wereUsed && !_wereBypassed;

    /// <summary>The factors of an adapter as part of the graph; null if it has to use its own triplets.</summary>
    /// <param name="adapter">An adapter that holds triplets.</param>
    /// <param name="dtype">The element type of its products.</param>
    /// <returns>Tensors that stay valid until the backward pass; do not change or dispose them.</returns>
    public Factors? For(SvdAdapter adapter, ScalarType dtype) => For([adapter], dtype)[0];

    /// <summary>The same for several adapters of one forward pass.</summary>
    /// <param name="adapters">Adapters that hold triplets.</param>
    /// <param name="dtype">The element type of their products.</param>
    /// <returns>In the order of the adapters.</returns>
    public IReadOnlyList<Factors?> For(IReadOnlyList<SvdAdapter> adapters, ScalarType dtype)
    {
        if (!binder.HasGathered || !is_grad_enabled() || !bank.Values.requires_grad)
            return new Factors?[adapters.Count];
        lock (_lock)
        {
            // One that is frozen by hand, in whole or in part, must get no gradient.
            var served = adapters.Where(adapter => adapter.IsTrained).ToList();
            if (served.Count > 0 && !AreCurrent(dtype, areFirst: served.Count(_served.Add) == served.Count))
            {
                Clear();
                Make(dtype);
                _served.UnionWith(served);
            }

            return [.. adapters.Select(adapter => adapter.IsTrained ? _factors[adapter] : (Factors?)null)];
        }
    }

    // A backward pass ends them even if nothing has changed, so that each goes through a graph of its own.
    private bool AreCurrent(ScalarType dtype, bool areFirst) =>
        _factors.Count > 0 && !_isOver && _dtype == dtype && (TensorVersion.Of(bank.Values) is { } version ? version == _version : areFirst);

    /// <summary>Called when an adapter computes with its own triplets.</summary>
    public void NoteBypass() => _wereBypassed = true;

    /// <summary>Begins an optimiser step: gradients so far have been used.</summary>
    public void BeginStep() => (_wereUsed, _wereBypassed) = (false, false);

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
            _recipe?.Scales.Dispose();
            _recipe = null;
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
        (_dtype, _version, _isOver, _wereUsed) = (dtype, TensorVersion.Of(bank.Values), false, true);
        var recipe = _recipe ??= Recipe.Of(bank, adapters);
        var flat = SharedFactorsFunction.Apply(bank.Values, recipe.Layout, recipe.Scales, dtype, () => Arrive(recipe.Adapters), failure);
        var sides = flat.split(recipe.Sizes);
        for (var i = 0; i < recipe.Groups.Count; i++)
        {
            var (group, members, ranks) = recipe.Groups[i];
            var lefts = sides[2 * i].view(group.Triplets, group.OutFeatures).split(ranks);
            var rights = sides[(2 * i) + 1].view(group.Triplets, group.InFeatures).split(ranks);
            for (var k = 0; k < members.Count; k++)
                _factors.Add(members[k], new Factors(lefts[k].DetachFromDisposeScope(), rights[k].DetachFromDisposeScope()));
        }
    }

    private void Arrive(IReadOnlyList<SvdAdapter> served)
    {
        _isOver = true;
        binder.ClearUnset(served);
    }

    /// <summary>How a bank of some layout is taken apart.</summary>
    /// <param name="Layout">The layout.</param>
    /// <param name="Scales">The factor of each triplet's product, (triplets), in the bank's element type.</param>
    /// <param name="Adapters">Those that hold triplets.</param>
    /// <param name="Sizes">The entries of each group's P' and Q, one after the other.</param>
    /// <param name="Groups">The groups with their adapters in storage order and these adapters' ranks.</param>
    private sealed record Recipe(BankLayout Layout, Tensor Scales, IReadOnlyList<SvdAdapter> Adapters, long[] Sizes,
        IReadOnlyList<(TripletBlock Group, IReadOnlyList<SvdAdapter> Members, long[] Ranks)> Groups)
    {
        public static Recipe Of(TripletBank bank, IReadOnlyList<SvdAdapter> adapters)
        {
            var live = adapters.Where(adapter => adapter.Rank > 0).OrderBy(adapter => adapter.Slot.First).ToList();
            var scales = tensor(live.SelectMany(adapter => Enumerable.Repeat(adapter.Scale, adapter.Rank)).ToArray(), dtype: bank.Values.dtype, device: bank.Values.device).DetachFromDisposeScope();
            var groups = bank.Layout.Groups.Select(group =>
            {
                var members = live.FindAll(adapter => adapter.Slot.Shape.OutFeatures == group.OutFeatures && adapter.Slot.Shape.InFeatures == group.InFeatures);
                return (group, (IReadOnlyList<SvdAdapter>)members, members.Select(adapter => (long)adapter.Rank).ToArray());
            });
            return new Recipe(bank.Layout, scales, live, [.. bank.Layout.Groups.SelectMany(group => (long[])[group.Triplets * group.OutFeatures, group.Triplets * group.InFeatures])], [.. groups]);
        }
    }
}

/// <summary>What the products of one adapter are computed from.</summary>
/// <param name="Left">diag(scale · lambda) P', (rank, out).</param>
/// <param name="Right">Q, (rank, in).</param>
internal readonly record struct Factors(Tensor Left, Tensor Right);
