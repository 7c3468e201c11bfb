namespace AdaLora.Transformers.Layers;

/// <summary>What attention of some kind takes besides hidden states.</summary>
internal interface ITokenContext
{
    /// <summary>How tokens stand as rows.</summary>
    PackedTokens Rows { get; }
}
