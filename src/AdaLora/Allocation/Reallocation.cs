using AdaLora.Bank;

namespace AdaLora.Allocation;

/// <summary>
/// Moves triplets from where they matter least to where even the least of them matters; see <see cref="AllocationStrategy.Reallocate"/>. Each matrix's few lowest-scoring triplets are
/// candidates: the lowest of all candidates are dropped, and the matrices of the highest ones grow. Pure arithmetic.
/// </summary>
/// <param name="Triplets">Maximum number of moves per mask at the beginning.</param>
/// <param name="PerMatrix">Candidates per matrix.</param>
/// <param name="MaxRank">Maximum number of triplets in a matrix; null for the smaller of its sizes.</param>
internal sealed record Reallocation(int Triplets, int PerMatrix, int? MaxRank)
{
    /// <summary>How many moves a mask may make after the given share of the phase: T (1 - share³), rounded half to even as in the authors' code.</summary>
    public int MovesAt(double share) => (int)Math.Round(Triplets * (1 - Math.Pow(share, 3)), MidpointRounding.ToEven);

    public Allotment? Choose(AllocationTurn turn)
    {
        var kept = TripletSelection.Of(turn);
        var added = new Dictionary<string, int>(StringComparer.Ordinal);
        Move(turn, kept, added);
        return added.Count == 0 && Array.TrueForAll(kept, k => k) ? null : new Allotment(kept, added);
    }

    private void Move(AllocationTurn turn, bool[] kept, Dictionary<string, int> added)
    {
        var ranks = turn.Layout.Slots.ToDictionary(s => s.Name, s => Triplet(s).Count(i => kept[i]), StringComparer.Ordinal);
        // In ascending order of score; in a tie the higher (name, index) comes first.
        var candidates = turn.Layout.Slots
            .OrderByDescending(s => s.Name, StringComparer.Ordinal)
            .SelectMany(s => Triplet(s).Reverse().Where(i => kept[i]).OrderBy(i => turn.Scores[i]).Take(Math.Min(PerMatrix, ranks[s.Name] - 1)).Select(i => (Slot: s, Index: i, Score: turn.Scores[i])))
            .OrderBy(c => c.Score)
            .ToList();
        var lost = new Dictionary<string, int>(StringComparer.Ordinal);
        var room = turn.Budget - turn.Layout.Slots.Sum(s => ranks[s.Name] * turn.Terms.CostOf(s.Shape));
        var (low, high, moves) = (0, candidates.Count - 1, MovesAt(turn.Share));
        while (moves > 0 && low < high)
        {
            var (from, to) = (candidates[low], candidates[high]);
            var left = room + turn.Terms.CostOf(from.Slot.Shape) - turn.Terms.CostOf(to.Slot.Shape);
            // No matrix both loses and gains triplets: that would only make it forget.
            if (added.ContainsKey(from.Slot.Name) || ranks[from.Slot.Name] - lost.GetValueOrDefault(from.Slot.Name) <= turn.Terms.LeastOf(from.Slot.Shape))
            {
                low++;
            }
            else if (lost.ContainsKey(to.Slot.Name) || from.Slot == to.Slot || left < 0 || ranks[to.Slot.Name] + added.GetValueOrDefault(to.Slot.Name) >= MostOf(to.Slot.Shape, turn.Terms))
            {
                high--;
            }
            else
            {
                // If nothing matters more, moving would just add noise.
                if (!(from.Score < to.Score))
                    break;
                kept[from.Index] = false;
                lost[from.Slot.Name] = lost.GetValueOrDefault(from.Slot.Name) + 1;
                added[to.Slot.Name] = added.GetValueOrDefault(to.Slot.Name) + 1;
                (low, high, moves, room) = (low + 1, high - 1, moves - 1, left);
            }
        }
    }

    private static IEnumerable<int> Triplet(TripletSlot slot) => Enumerable.Range(slot.First, slot.Rank);

    private long MostOf(TripletShape shape, AllocationTerms terms) =>
        Math.Min(Math.Min(shape.OutFeatures, shape.InFeatures), Math.Min(MaxRank ?? int.MaxValue, terms.MostOf(shape.Name)));
}
