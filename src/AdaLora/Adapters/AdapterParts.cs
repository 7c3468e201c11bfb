using AdaLora.Adapters.FrozenWeights;
using AdaLora.Bank;

namespace AdaLora.Adapters;

/// <summary>The parts of an adapter besides its layer.</summary>
/// <param name="Bank">The bank that holds the triplets.</param>
/// <param name="Slot">The adapter's place in the bank.</param>
/// <param name="Scale">Factor of the product.</param>
/// <param name="Dropout">Rate in front of Q while training, in [0, 1).</param>
/// <param name="Activity">State shared by the adapters of a model.</param>
/// <param name="Precision">The precision in which the layer is computed.</param>
internal sealed record AdapterParts(TripletBank Bank, TripletSlot Slot, double Scale, double Dropout, AdapterActivity Activity, BasePrecision Precision);
