namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>How texts become a row: what stands around and between them, on which side a row is cut and filled, and whether spaces belong to the places of tokens.</summary>
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

    /// <summary>How spaces are left out of the places of tokens; null if they are not.</summary>
    public SpaceTrimming? Trimming { get; init; }

    /// <summary>Whether a model with this template is never given types: then those of all windows are 0.</summary>
    public bool HasNoTypes { get; init; }

    /// <summary>Start, text, separator, and a second text and separator of type 1.</summary>
    public static SequenceTemplate Bert(int start, int separator) => new(
        new SequenceFrame([(start, 0)], 0, [], 0, [(separator, 0)]),
        new SequenceFrame([(start, 0)], 0, [(separator, 0)], 1, [(separator, 1)]));

    /// <summary>Start, text, separator, and two separators between texts; all of type 0.</summary>
    public static SequenceTemplate Roberta(int start, int separator) => new(
        new SequenceFrame([(start, 0)], 0, [], 0, [(separator, 0)]),
        new SequenceFrame([(start, 0)], 0, [(separator, 0), (separator, 0)], 0, [(separator, 0)]))
    { HasNoTypes = true };

    /// <summary>Each text between a start and an end, as far as there are any; those of the second text are of type 1.</summary>
    public static SequenceTemplate Llama(int? start, int? end)
    {
        (int Id, int Type)[] begin(int type) => start is { } id ? [(id, type)] : [];
        (int Id, int Type)[] finish(int type) => end is { } id ? [(id, type)] : [];
        return new(new SequenceFrame(begin(0), 0, [], 0, finish(0)), new SequenceFrame(begin(0), 0, [.. finish(0), .. begin(1)], 1, finish(1)));
    }

    /// <summary>The same with all types 0, for a model that is not given any.</summary>
    public SequenceTemplate WithoutTypes() => this with { Single = Single.WithoutTypes(), Pair = Pair.WithoutTypes(), HasNoTypes = true };

    /// <summary>The frame of one text or two.</summary>
    public SequenceFrame Frame(bool isPair, bool addsSpecialTokens) => (isPair ? Pair : Single) is var frame && addsSpecialTokens ? frame : frame.WithoutSpecialTokens();
}
