using AdaLora.Allocation;
using AdaLora.Peft;

namespace AdaLora;

/// <summary>What a loaded adapter was before loading.</summary>
/// <param name="Config">Its configuration; fields that mean nothing here are written back unchanged.</param>
/// <param name="Pattern">Which of its very first triplets it still has: those that are held now.</param>
internal sealed record AdapterOrigin(SavedConfig Config, RankPattern Pattern);
