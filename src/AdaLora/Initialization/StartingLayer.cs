using AdaLora.Adapters;

namespace AdaLora.Initialization;

/// <summary>A layer that will be adapted.</summary>
/// <param name="Name">Its dotted name.</param>
/// <param name="Layer">The layer.</param>
/// <param name="Rank">Its initial rank according to the options.</param>
/// <param name="Least">The rank below which it must not start.</param>
internal sealed record StartingLayer(string Name, AdaptableLayer Layer, int Rank, int Least = 0);
