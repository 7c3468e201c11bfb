namespace AdaLora.Transformers.Tokenization.PreTokenizers;

/// <summary>Where a sign for a space is put in front, unless there is one already.</summary>
internal enum PrependScheme
{
    /// <summary>Before every piece.</summary>
    Always,

    /// <summary>Before the piece with which the text begins.</summary>
    First,

    /// <summary>Nowhere.</summary>
    Never,
}
