using AdaLora.Adapters.FrozenWeights;
using AdaLora.Bank;

namespace AdaLora.Adapters;

/// <summary>What an adapter is made of besides its layer.</summary>
/// <param name="Bank">Where the triplets are.</param>
/// <param name="Slot">Which of them are the adapter's.</param>
/// <param name="Scale">Factor of the product.</param>
/// <param name="Dropout">Rate in front of Q while training, in [0, 1).</param>
/// <param name="Activity">What the adapters of a model share.</param>
/// <param name="Precision">In which precision the layer is computed.</param>
internal sealed record AdapterParts(TripletBank Bank, TripletSlot Slot, double Scale, double Dropout, AdapterActivity Activity, BasePrecision Precision);
