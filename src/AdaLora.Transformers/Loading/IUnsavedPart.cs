namespace AdaLora.Transformers.Loading;

/// <summary>A part of a model that checkpoints have no names for.</summary>
internal interface IUnsavedPart
{
    /// <summary>The method of the encoder that removes it.</summary>
    string Remover { get; }
}
