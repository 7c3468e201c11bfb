using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Files;

/// <summary>What the special tokens of a tokenizer are called.</summary>
/// <param name="Unknown">The token for what can't be spelled.</param>
/// <param name="Pad">The token that fills rows.</param>
/// <param name="Start">The token before the first text.</param>
/// <param name="Separator">The token after each text.</param>
/// <param name="Mask">The token that hides another one.</param>
/// <param name="MaskTakesSpaceBefore">Whether the mask takes the white space before it if no file says so.</param>
internal sealed record SpecialTokenNames(string? Unknown, string? Pad, string? Start, string? Separator, string? Mask, bool MaskTakesSpaceBefore = false)
{
    public static SpecialTokenNames Bert { get; } = new("[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]");

    public static SpecialTokenNames Roberta { get; } = new("<unk>", "<pad>", "<s>", "</s>", "<mask>", MaskTakesSpaceBefore: true);

    public static SpecialTokenNames Gpt2 { get; } = new("<|endoftext|>", null, "<|endoftext|>", "<|endoftext|>", null);

    /// <summary>All of them; without ids.</summary>
    public AddedToken[] Tokens =>
        [.. new[] { Start, Pad, Separator, Unknown, Mask }.OfType<string>().Distinct(StringComparer.Ordinal)
            .Select(token => new AddedToken(token, -1, TakesSpaceBefore: MaskTakesSpaceBefore && token == Mask))];

    /// <summary>These, as far as the files do not name others.</summary>
    public SpecialTokenNames NamedBy(TokenizerFolder folder) => this with
    {
        Unknown = folder.SpecialToken("unk_token") ?? Unknown,
        Pad = folder.PadToken ?? Pad,
        Start = folder.SpecialToken("cls_token") ?? folder.SpecialToken("bos_token") ?? Start,
        Separator = folder.SpecialToken("sep_token") ?? folder.SpecialToken("eos_token") ?? Separator,
        Mask = folder.SpecialToken("mask_token") ?? Mask,
    };
}
