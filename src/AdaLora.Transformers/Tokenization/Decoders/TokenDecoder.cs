namespace AdaLora.Transformers.Tokenization.Decoders;

/// <summary>One step on the way from tokens back to a text: changes the tokens, joins some, or drops some. In the end, what is left is joined.</summary>
internal abstract class TokenDecoder
{
    public abstract List<string> Decode(List<string> tokens);
}
