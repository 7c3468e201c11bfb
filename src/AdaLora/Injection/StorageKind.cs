namespace AdaLora.Injection;

/// <summary>Where a model keeps the reference through which its forward pass reaches a layer.</summary>
internal enum StorageKind
{
    /// <summary>A field, including the hidden one of an automatic property.</summary>
    Field,

    /// <summary>A slot of a <see cref="TorchSharp.Modules.ModuleList{T}"/>.</summary>
    ModuleListSlot,

    /// <summary>An entry of a <see cref="TorchSharp.Modules.ModuleDict{T}"/>.</summary>
    ModuleDictEntry,

    /// <summary>A slot of a <see cref="TorchSharp.Modules.Sequential"/>.</summary>
    SequentialSlot,

    /// <summary>An element of an array, list or dictionary held by a field.</summary>
    CollectionElement,
}
