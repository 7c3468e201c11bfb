namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>Special tokens around one text or two, each with its type id, and the type ids of the texts. A frame of one text has nothing between and an empty second one.</summary>
internal sealed record SequenceFrame(
    IReadOnlyList<(int Id, int Type)> Before, int FirstType, IReadOnlyList<(int Id, int Type)> Between, int SecondType, IReadOnlyList<(int Id, int Type)> After)
{
    /// <summary>The number of special tokens.</summary>
    public int Overhead => Before.Count + Between.Count + After.Count;

    public SequenceFrame WithoutTypes() => new(WithoutTypes(Before), 0, WithoutTypes(Between), 0, WithoutTypes(After));

    public SequenceFrame WithoutSpecialTokens() => this with { Before = [], Between = [], After = [] };

    /// <summary>Puts texts and special tokens into a row.</summary>
    public TokenRow Assemble(ReadOnlySpan<PlacedToken> first, ReadOnlySpan<PlacedToken> second, bool withPlaces)
    {
        var row = new TokenRow(Overhead + first.Length + second.Length, withPlaces);
        row.Add(Before);
        row.Add(first, FirstType, sequence: 0);
        row.Add(Between);
        row.Add(second, SecondType, sequence: 1);
        row.Add(After);
        return row;
    }

    private static IReadOnlyList<(int Id, int Type)> WithoutTypes(IReadOnlyList<(int Id, int Type)> tokens) => [.. tokens.Select(token => (token.Id, 0))];
}
