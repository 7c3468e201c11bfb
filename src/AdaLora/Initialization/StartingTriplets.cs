using AdaLora.Bank;
using static TorchSharp.torch;

namespace AdaLora.Initialization;

/// <summary>Ranks and directions that matrices start with.</summary>
/// <param name="Ranks">The ranks by name; null for those of the options.</param>
/// <param name="Left">Columns of P by name, (out, up to rank); what is missing is drawn.</param>
/// <param name="Right">Rows of Q by name, (up to rank, in); what is missing is drawn.</param>
internal sealed record StartingTriplets(IReadOnlyDictionary<string, int>? Ranks, IReadOnlyDictionary<string, Tensor> Left, IReadOnlyDictionary<string, Tensor> Right)
{
    public static StartingTriplets None { get; } = new(null, new Dictionary<string, Tensor>(), new Dictionary<string, Tensor>());

    /// <summary>A layout with these ranks.</summary>
    public BankLayout Apply(BankLayout layout) =>
        Ranks is null ? layout : BankLayout.Create(layout.Slots.Select(s => s.Shape with { Rank = Ranks[s.Name] }));

    /// <summary>Writes the directions into a bank that has been drawn.</summary>
    public void Fill(TripletBank bank)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var slot in bank.Layout.Slots)
        {
            if (Left.TryGetValue(slot.Name, out var left) && Math.Min(left.shape[1], slot.Rank) is > 0 and var columns)
                _ = bank.Values.Left(slot).narrow(1, 0, columns).copy_(left.narrow(1, 0, columns));
            if (Right.TryGetValue(slot.Name, out var right) && Math.Min(right.shape[0], slot.Rank) is > 0 and var rows)
                _ = bank.Values.Right(slot).narrow(0, 0, rows).copy_(right.narrow(0, 0, rows));
        }
    }
}
