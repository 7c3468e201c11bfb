using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Internals;
using AdaLora.Safetensors;
using static TorchSharp.torch;

namespace AdaLora;

/// <summary>The triplets of a model at some moment, with their pattern and, unless that was final, with the importance on which the next masks would have been based.</summary>
internal sealed record AdapterSnapshot(Tensor Values, PatternSnapshot Pattern, Tensor? Sensitivity, Tensor? Uncertainty) : IDisposable
{
    /// <summary>
    /// Writes the snapshot to a table. If nothing was ever added, the pattern covers the initial triplets: which are pruned or no longer held. Otherwise it covers those that are held, and
    /// which these are.
    /// </summary>
    /// <param name="state">The table.</param>
    /// <param name="first">The triplets that the bank held at first.</param>
    public void Into(StateTable state, BankLayout first)
    {
        state.Put("values", Values);
        state.Put("live_triplets", (long)Pattern.LiveTriplets);
        state.Put("has_masked", Pattern.HasMasked);
        state.Put("frozen", Pattern.IsPatternFinal);
        state.Put("compacted", Pattern.IsCompacted);
        var roster = Pattern.Roster;
        if (ReferenceEquals(roster.Layout, first))
        {
            state.Put("pruned", Pattern.Pruned);
        }
        else if (Pattern.IsCompacted && !roster.HasGrown(first))
        {
            state.Put("pruned", tensor(TripletRoster.First(first).OriginsIn(roster).Select(o => o < 0).ToArray(), device: CPU));
        }
        else
        {
            var names = first.Slots.Select(s => s.Name).Order(StringComparer.Ordinal).ToList();
            state.Put("pruned", Pattern.Pruned);
            state.Put("counts", [.. names.Select(n => (long)roster.CountOf(n))]);
            state.Put("ranks", [.. names.Select(n => (long)roster.Layout[n].Rank)]);
            state.Put("numbers", [.. names.Select(n => roster.Layout[n]).SelectMany(s => Enumerable.Range(s.First, s.Rank)).Select(i => (long)roster.Numbers[i])]);
        }

        if (Sensitivity is not null && Uncertainty is not null)
        {
            state.Put("sensitivity", Sensitivity);
            state.Put("uncertainty", Uncertainty);
        }
    }

    /// <summary>Reads a snapshot from a table; the caller disposes it.</summary>
    /// <exception cref="InvalidDataException">The table contains none of these matrices.</exception>
    public static AdapterSnapshot From(StateTable state, BankLayout first, Device device)
    {
        using var scope = NewDisposeScope();
        Tensor Own(string name) => state.Tensor(name).to(device, copy: true);
        var (isCompacted, pruned) = (state.Flag("compacted"), Own("pruned"));
        var roster = TripletRoster.First(first);
        if (state.Contains("numbers"))
        {
            roster = TripletRoster.From(first, state.Integers("counts"), state.Integers("ranks"), state.Integers("numbers"));
        }
        else if (isCompacted)
        {
            if (pruned.numel() != first.Triplets)
                throw new InvalidDataException($"The saved pattern describes {pruned.numel()} triplets; the adapters start with {first.Triplets}.");
            roster = roster.Resize(HostRead.Values<bool>(pruned.logical_not()));
            pruned = pruned.new_zeros(roster.Layout.Triplets);
        }

        if (pruned.numel() != roster.Layout.Triplets)
            throw new InvalidDataException($"The saved pattern describes {pruned.numel()} triplets; the adapters hold {roster.Layout.Triplets}.");
        var pattern = new PatternSnapshot(roster, pruned, (int)state.Integer("live_triplets"), state.Flag("has_masked"), state.Flag("frozen"), isCompacted);
        var (values, sensitivity, uncertainty) = (Own("values"), state.Contains("sensitivity") ? Own("sensitivity") : null, state.Contains("uncertainty") ? Own("uncertainty") : null);
        scope.Detach([.. new[] { pattern.Pruned, values, sensitivity, uncertainty }.OfType<Tensor>()]);
        return new AdapterSnapshot(values, pattern, sensitivity, uncertainty);
    }

    public void Dispose()
    {
        Values.Dispose();
        Pattern.Dispose();
        Sensitivity?.Dispose();
        Uncertainty?.Dispose();
    }
}
