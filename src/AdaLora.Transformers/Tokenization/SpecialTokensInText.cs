namespace AdaLora.Transformers.Tokenization;

/// <summary>What a special token such as &lt;/s&gt; or [SEP] is that is written out in a text.</summary>
public enum SpecialTokensInText
{
    /// <summary>The special token, as if the caller had added it. For texts that a program composes, such as the turns of a dialogue; this is what files say that say nothing.</summary>
    AreSpecial,

    /// <summary>
    /// Text like any other, spelled with ordinary tokens. For texts of strangers, who could otherwise end a turn or a text wherever they like. Added tokens that are not special remain tokens.
    /// </summary>
    AreText,
}
