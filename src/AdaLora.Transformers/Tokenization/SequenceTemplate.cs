namespace AdaLora.Transformers.Tokenization;

/// <summary>How texts become a row: what stands around and between them, and on which side a row is cut and filled.</summary>
/// <param name="Single">The frame of one text.</param>
/// <param name="Pair">The frame of two.</param>
internal sealed record SequenceTemplate(SequenceFrame Single, SequenceFrame Pair)
{
    /// <summary>Texts alone.</summary>
    public static SequenceTemplate Bare { get; } = new(new SequenceFrame([], 0, [], 0, []), new SequenceFrame([], 0, [], 1, []));

    /// <summary>Whether a text that is too long loses its beginning.</summary>
    public bool CutsStart { get; init; }

    /// <summary>Whether padding comes before the text.</summary>
    public bool FillsStart { get; init; }

    /// <summary>Start, text, separator, and a second text and separator of type 1.</summary>
    public static SequenceTemplate Bert(int start, int separator) => new(
        new SequenceFrame([(start, 0)], 0, [], 0, [(separator, 0)]),
        new SequenceFrame([(start, 0)], 0, [(separator, 0)], 1, [(separator, 1)]));

    /// <summary>Start, text, separator, and two separators between texts; all of type 0.</summary>
    public static SequenceTemplate Roberta(int start, int separator) => new(
        new SequenceFrame([(start, 0)], 0, [], 0, [(separator, 0)]),
        new SequenceFrame([(start, 0)], 0, [(separator, 0), (separator, 0)], 0, [(separator, 0)]));

    /// <summary>The same with all types 0, for a model that is not given any.</summary>
    public SequenceTemplate WithoutTypes() => this with { Single = Single.WithoutTypes(), Pair = Pair.WithoutTypes() };

    /// <summary>The number of special tokens.</summary>
    public int Overhead(bool isPair) => (isPair ? Pair : Single).Overhead;

    /// <summary>The row of what is left of the texts after cutting them to these lengths.</summary>
    public TokenizedText Assemble(ReadOnlySpan<int> first, int firstLength, ReadOnlySpan<int> second, int secondLength, bool isPair) =>
        (isPair ? Pair : Single).Assemble(Cut(first, firstLength), Cut(second, secondLength));

    private ReadOnlySpan<int> Cut(ReadOnlySpan<int> text, int length) => CutsStart ? text[^length..] : text[..length];
}
