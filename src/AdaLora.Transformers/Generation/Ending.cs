namespace AdaLora.Transformers.Generation;

/// <summary>Why a generated text ended.</summary>
public enum Ending
{
    /// <summary>An end token came.</summary>
    EndToken,

    /// <summary>The greatest length was reached.</summary>
    MaxLength,

    /// <summary>A stop text was completed.</summary>
    StopText,
}
