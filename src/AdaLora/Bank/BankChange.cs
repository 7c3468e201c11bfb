using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>Other triplets for a bank to hold: fewer after compaction, or those of an earlier moment.</summary>
/// <param name="Former">What the bank holds before.</param>
/// <param name="Layout">What it holds afterwards.</param>
/// <param name="Origins">For each element of the buffers afterwards its index in those before, (elements), on the device of the bank; 0 where it has none.</param>
/// <param name="Absent">Which elements have no origin, (elements); null if all have.</param>
/// <param name="Values">The contents of <see cref="TripletBank.Values"/> afterwards.</param>
/// <param name="Gradients">The contents of <see cref="TripletBank.Gradients"/> afterwards.</param>
internal sealed record BankChange(BankLayout Former, BankLayout Layout, Tensor Origins, Tensor? Absent, Tensor Values, Tensor Gradients)
{
    /// <summary>Contents for a buffer of the layout of the bank afterwards, made from those before; 0 where there were none.</summary>
    public Tensor Gather(Tensor before) => Gather(before, Origins, Absent);

    public static Tensor Gather(Tensor before, Tensor origins, Tensor? absent)
    {
        // Nothing can be selected from nothing.
        if (before.numel() == 0)
            return before.new_zeros(origins.shape);
        var gathered = before.index_select(0, origins);
        return absent is null ? gathered : gathered.MaskedFillInPlace(absent, 0);
    }
}
