namespace AdaLora.Transformers.Tokenization.Decoders;

/// <summary>One step on the way from tokens back to a text: changes the tokens, joins some, or drops some. In the end, what is left is joined.</summary>
internal abstract class TokenDecoder
{
    /// <summary>The same for tokens that are decoded as they come: what is certain of their text stays, whatever follows.</summary>
    public virtual TokenDecoder InStream => this;

    public abstract List<string> Decode(List<string> tokens);
}
