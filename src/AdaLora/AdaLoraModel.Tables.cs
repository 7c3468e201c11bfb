using AdaLora.Injection;
using AdaLora.Targeting;
using static TorchSharp.torch;

namespace AdaLora;

/// <content>Tables with a row for each word of a vocabulary, which are saved with the adapter if the vocabulary was resized, or if they were loaded with it.</content>
public sealed partial class AdaLoraModel
{
    private IReadOnlyList<string> _loadedTables = [];

    private IEnumerable<Tensor> LoadedTables() =>
        _loadedTables.Count == 0 ? [] : ModuleNode.WalkOriginal(Model).SelectMany(node => node.OwnTensors()).Where(own => _loadedTables.Contains(own.Name)).Select(own => own.Value);

    // With their values in the base model, by their names there.
    private IEnumerable<(string Name, Tensor Value)> SavedTables()
    {
        var names = (Model is IVocabulary { IsVocabularyResized: true } vocabulary ? vocabulary.VocabularyTables : []).Union(_loadedTables, StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
        if (names.Count == 0)
            return [];
        return ModuleNode.WalkOriginal(Model).SelectMany(node => node.OwnTensors()).Where(own => names.Contains(own.Name)).Select(own => (own.Name, BaseOf(own.Name, own.Value)));
    }

    private Tensor BaseOf(string name, Tensor table)
    {
        if (_rows.FirstOrDefault(own => own.Slots[0].FullName == name) is { } rows)
            return rows.ReadBase();
        var site = Sites.FirstOrDefault(s => s.Way.Slots.Any(slot => slot.FullName == name) || $"{s.Path}.weight" == name);
        if (site is not null && IsMerged && !site.IsMaterialized)
            throw new InvalidOperationException($"'{name}' holds the product of its adapter, but is to be saved without it, because the vocabulary was resized. Call {nameof(Unmerge)}() first.");
        return site is { IsMaterialized: true } ? site.Adaptable.Weight : table;
    }
}
