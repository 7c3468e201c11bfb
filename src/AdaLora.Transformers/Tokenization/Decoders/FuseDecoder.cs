namespace AdaLora.Transformers.Tokenization.Decoders;

/// <summary>Joins all tokens into one, for steps after this one.</summary>
internal sealed class FuseDecoder : TokenDecoder
{
    public override List<string> Decode(List<string> tokens) => [string.Concat(tokens)];
}
