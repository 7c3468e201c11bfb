namespace AdaLora.Allocation;

/// <summary>Which triplets a mask keeps where they differ in cost or matrices have limits of their own. Pure arithmetic.</summary>
internal static class TripletSelection
{
    /// <summary>
    /// First every matrix's minimum, its own highest scores; then, from the highest score over all matrices to the lowest, each triplet that still fits into the budget and into the maximum of
    /// its matrix. Ties go to the lower (name, index). With equal costs and no limits this is the highest scores, as many as the budget allows.
    /// </summary>
    /// <param name="turn">Scores and budget, which must cover the minimum ranks.</param>
    /// <returns>For each triplet in storage order, whether it is kept.</returns>
    public static bool[] Of(AllocationTurn turn)
    {
        var (layout, terms) = (turn.Layout, turn.Terms);
        var kept = new bool[layout.Triplets];
        var matrices = layout.Slots.SelectMany((slot, matrix) => Enumerable.Repeat(matrix, slot.Rank)).ToArray();
        var costs = layout.Shapes.Select(terms.CostOf).ToArray();
        var least = layout.Shapes.Select(terms.LeastOf).ToArray();
        var most = layout.Shapes.Select(shape => terms.MostOf(shape.Name)).ToArray();
        var ranks = new int[layout.Slots.Count];
        var left = (long)turn.Budget;
        // The sort is stable.
        var ranking = layout.CanonicalOrder.OrderByDescending(i => turn.Scores[(int)i]).ToArray();
        foreach (var i in ranking)
        {
            if (ranks[matrices[i]] < least[matrices[i]])
                Keep(i);
        }

        foreach (var i in ranking)
        {
            if (!kept[i] && ranks[matrices[i]] < most[matrices[i]] && costs[matrices[i]] <= left)
                Keep(i);
        }

        return kept;

        void Keep(long i)
        {
            kept[i] = true;
            ranks[matrices[i]]++;
            left -= costs[matrices[i]];
        }
    }
}
