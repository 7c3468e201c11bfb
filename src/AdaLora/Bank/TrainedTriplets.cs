using AdaLora.Internals;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>A parameter through which an optimiser trains triplets.</summary>
/// <param name="Parameter">The bank's values, or one of their parts.</param>
/// <param name="Index">Its place among the optimiser's parameters; -1 if it is not one of them.</param>
/// <param name="Part">Its place in <see cref="BankLayout.Parts"/>; null for all values.</param>
internal sealed record TrainedTriplets(Parameter Parameter, int Index, int? Part)
{
    /// <summary>The number of its elements in a layout.</summary>
    public long LengthIn(BankLayout layout) => Part is { } part ? layout.Parts.ElementAt(part).Length : layout.Elements;

    /// <summary>For each of its elements after a change, its own index before; -1 if it has none.</summary>
    public Tensor OriginsIn(BankChange change)
    {
        if (Part is not { } part)
            return change.Origins;
        var (former, next) = (change.Former.Parts.ElementAt(part), change.Layout.Parts.ElementAt(part));
        var origins = change.Origins.narrow(0, next.Start, next.Length);
        return origins.Sub(former.Start).MaskedFillInPlace(origins.relu().ne(origins), -1);
    }
}
