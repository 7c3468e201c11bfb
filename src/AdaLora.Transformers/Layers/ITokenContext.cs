namespace AdaLora.Transformers.Layers;

/// <summary>What attention of some kind takes besides hidden states.</summary>
internal interface ITokenContext
{
    /// <summary>How tokens are laid out as rows.</summary>
    PackedTokens Rows { get; }
}
