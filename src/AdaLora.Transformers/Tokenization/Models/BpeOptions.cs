namespace AdaLora.Transformers.Tokenization.Models;

/// <summary>What a BPE model needs to know besides its vocabulary and its merges.</summary>
internal sealed record BpeOptions
{
    /// <summary>The token of characters that the vocabulary lacks; if null, they are left out.</summary>
    public int? UnknownId { get; init; }

    /// <summary>Whether neighbouring unknown characters are one token.</summary>
    public bool FusesUnknown { get; init; }

    /// <summary>Whether a character that the vocabulary lacks is spelled as the bytes of its UTF-8 form, with tokens such as &lt;0x0A&gt;.</summary>
    public bool SpellsBytes { get; init; }

    /// <summary>Whether a word that is a token is that token, whatever the merges would make of it.</summary>
    public bool IgnoresMergesOfTokens { get; init; }

    /// <summary>What marks a token inside a word.</summary>
    public string ContinuationPrefix { get; init; } = "";

    /// <summary>What marks the token at the end of a word.</summary>
    public string EndSuffix { get; init; } = "";
}
