using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>A new set of triplets for a bank: fewer after compaction, more where matrices grow, or those of an earlier moment.</summary>
/// <param name="Former">What the bank held before.</param>
/// <param name="Layout">What it holds afterwards.</param>
/// <param name="Origins">For each element of the buffers afterwards, its index in those before, (elements), on the bank's device; -1 if it has none.</param>
/// <param name="Triplets">The same for each triplet in storage order, (triplets).</param>
/// <param name="Values">The contents of <see cref="TripletBank.Values"/> afterwards.</param>
/// <param name="Gradients">The contents of <see cref="TripletBank.Gradients"/> afterwards.</param>
internal sealed record BankChange(BankLayout Former, BankLayout Layout, Tensor Origins, Tensor Triplets, Tensor Values, Tensor Gradients)
{
    /// <summary>Contents for a buffer of the bank's new layout, taken from those before; 0 where there were none.</summary>
    public Tensor Gather(Tensor before) => Gather(before, Origins);

    /// <summary>The same for something with one entry per triplet.</summary>
    public Tensor GatherTriplets(Tensor before) => Gather(before, Triplets);

    /// <summary>The entries of <paramref name="before"/> at <paramref name="origins"/>, and 0 where these are -1.</summary>
    public static Tensor Gather(Tensor before, Tensor origins)
    {
        // Selecting from an empty tensor fails.
        if (before.numel() == 0)
            return before.new_zeros(origins.shape);
        var places = origins.relu();
        return before.index_select(0, places).MaskedFillInPlace(places.ne(origins), 0);
    }
}
