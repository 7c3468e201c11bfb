using AdaLora.Allocation;
using AdaLora.Peft;

namespace AdaLora;

/// <summary>What a loaded adapter was before.</summary>
/// <param name="Config">Its configuration; fields that mean nothing here are written back as they were.</param>
/// <param name="Pattern">Which triplets of the beginning of its life it still has: those that are held now.</param>
internal sealed record AdapterOrigin(SavedConfig Config, RankPattern Pattern);
