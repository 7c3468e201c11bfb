namespace AdaLora.Transformers.Loading;

/// <summary>A part of a model that checkpoints have no names for.</summary>
internal interface IUnsavedPart
{
    /// <summary>The method of the encoder that takes it out.</summary>
    string Remover { get; }
}
