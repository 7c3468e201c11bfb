using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization;

/// <summary>A text, or a pair of texts, as a model reads it, with where each token comes from.</summary>
public sealed class AlignedTokens : TokenizedText
{
    private readonly TokenRow _row;
    private readonly CodePoints[] _texts;
    private readonly Func<PlacedToken, string?, string> _spell;

    /// <param name="row">The tokens.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="spell">Spells a token of a text, or one that was added.</param>
    /// <param name="overflow">The further windows.</param>
    internal AlignedTokens(TokenRow row, CodePoints[] texts, Func<PlacedToken, string?, string> spell, IReadOnlyList<AlignedTokens> overflow)
        : base(row.Ids, row.TypeIds)
    {
        (_row, _texts, _spell) = (row, texts, spell);
        Overflow = overflow;
    }

    /// <summary>The tokens as the vocabulary spells them; added tokens as they were found, with the white space that they take and as the text was normalised.</summary>
    public IReadOnlyList<string> Tokens => field ??= [.. _row.Tokens.Zip(_row.Sequences, (token, sequence) => _spell(token, sequence < 0 ? null : _texts[sequence].Text))];

    /// <summary>
    /// The part of the text that each token comes from, in UTF-16 units: <c>text[offset.Start..offset.End]</c>. In a pair, the tokens of the second text refer to the second text. Special tokens
    /// that were added come from nowhere: 0 to 0. Several tokens of one character all come from all of it.
    /// </summary>
    public IReadOnlyList<(int Start, int End)> Offsets => field ??= [.. _row.Tokens.Select(token => (token.Start, token.End))];

    /// <summary>The same as <see cref="Offsets"/> in code points, as Python counts.</summary>
    public IReadOnlyList<(int Start, int End)> CodePointOffsets => field ??=
        [.. _row.Tokens.Zip(_row.Sequences, (token, sequence) => sequence < 0 ? (0, 0) : (_texts[sequence].Before(token.Start), _texts[sequence].Before(token.End)))];

    /// <summary>The number of the word that each token is part of, counted from 0 in each text; null for special tokens that were added. A word is what the tokenizer looks at by itself.</summary>
    public IReadOnlyList<int?> WordIds => field ??= [.. _row.Tokens.Select(token => token.Word < 0 ? (int?)null : token.Word)];

    /// <summary>The text that each token comes from: 0, or 1 for the second text of a pair; null for special tokens that were added.</summary>
    public IReadOnlyList<int?> SequenceIds => field ??= [.. _row.Sequences.Select(sequence => sequence < 0 ? (int?)null : sequence)];

    /// <summary>1 for special tokens that were added, 0 for tokens of a text, even if those are special.</summary>
    public IReadOnlyList<int> SpecialTokensMask => field ??= [.. _row.Sequences.Select(sequence => sequence < 0 ? 1 : 0)];

    /// <summary>
    /// What was cut off: further windows of the same texts, in their order, each with its own special tokens and of at most the same length. Neighbouring ones have
    /// <see cref="EncodingOptions.Stride"/> tokens in common. Empty if nothing was cut off.
    /// </summary>
    public IReadOnlyList<AlignedTokens> Overflow { get; }

    /// <summary>This window and those of <see cref="Overflow"/>.</summary>
    public IReadOnlyList<AlignedTokens> Windows => field ??= [this, .. Overflow];
}
