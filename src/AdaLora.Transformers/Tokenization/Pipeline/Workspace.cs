using AdaLora.Transformers.Tokenization.Normalizers;

namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>
/// The buffers of one encoding: a text and its pieces, room for what the next step makes of them, and the tokens. Belongs to one thread at a time. After a failure it is not returned, because
/// what is in it is not known then.
/// </summary>
internal sealed class Workspace
{
    /// <summary>A text that was longer than this is not worth keeping the memory for.</summary>
    private const int MostKept = 1 << 20;

    [ThreadStatic]
    private static Workspace? _idle;

    private AlignedText _spare = new();
    private List<Piece> _sparePieces = [];

    public AlignedText Text { get; private set; } = new();

    public List<Piece> Pieces { get; private set; } = [];

    /// <summary>The parts of a text between its added tokens, and those.</summary>
    public List<Piece> Parts { get; } = [];

    /// <summary>The tokens of a text, or of the first of a pair.</summary>
    public List<PlacedToken> First { get; } = [];

    /// <summary>The tokens of the second text of a pair.</summary>
    public List<PlacedToken> Second { get; } = [];

    public static Workspace Rent()
    {
        var workspace = _idle ?? new Workspace();
        _idle = null;
        return workspace;
    }

    public void Return() => _idle = Text.Length > MostKept ? null : this;

    public void Normalize(IReadOnlyList<TextNormalizer> normalizers)
    {
        foreach (var normalizer in normalizers)
        {
            if (normalizer.Apply(Text, _spare))
                (Text, _spare) = (_spare, Text);
        }
    }

    /// <summary>Room for other pieces of the same text; <see cref="TakePieces"/> puts them in place.</summary>
    public List<Piece> NewPieces()
    {
        _sparePieces.Clear();
        return _sparePieces;
    }

    public void TakePieces() => (Pieces, _sparePieces) = (_sparePieces, Pieces);

    /// <summary>Room for another text, made from the present one; <see cref="TakeText"/> puts it in place.</summary>
    public AlignedText NewText()
    {
        _spare.Clear(Text.Origin);
        return _spare;
    }

    public void TakeText() => (Text, _spare) = (_spare, Text);
}
