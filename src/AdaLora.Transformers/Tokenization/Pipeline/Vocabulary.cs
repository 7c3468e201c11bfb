namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>Tokens and ids of a tokenizer, in both directions, added tokens included.</summary>
internal sealed class Vocabulary
{
    /// <summary>The largest vocabularies in use have a few hundred thousand tokens; a damaged file must not exhaust the memory.</summary>
    private const int MostIds = 1 << 24;

    private readonly string?[] _byId;

    /// <exception cref="InvalidDataException">There are no tokens, or an id is far beyond any vocabulary, or an added token has the id of another token.</exception>
    public Vocabulary(IReadOnlyDictionary<string, int> tokens, IReadOnlyCollection<AddedToken> addedTokens)
    {
        var highest = tokens.Values.Concat(addedTokens.Select(token => token.Id)).DefaultIfEmpty(-1).Max();
        if (highest is < 0 or >= MostIds)
            throw new InvalidDataException(highest < 0 ? "has no tokens." : $"has a token with the id {highest}; only ids below {MostIds} are supported.");
        Tokens = tokens;
        AddedTokens = addedTokens;
        _byId = new string?[1 + highest];
        foreach (var (token, id) in tokens)
            _byId[id] = token;
        foreach (var token in addedTokens)
        {
            if ((_byId[token.Id] ??= token.Content) != token.Content)
                throw new InvalidDataException($"has the id {token.Id} for both '{_byId[token.Id]}' and the added token '{token.Content}'.");
        }
    }

    /// <summary>The ids of the tokens of the model itself.</summary>
    public IReadOnlyDictionary<string, int> Tokens { get; }

    public IReadOnlyCollection<AddedToken> AddedTokens { get; }

    /// <summary>One more than the highest id.</summary>
    public int Size => _byId.Length;

    public string? TokenOf(int id) => (uint)id < (uint)_byId.Length ? _byId[id] : null;

    public int? IdOf(string token) => Tokens.TryGetValue(token, out var id) ? id : AddedTokens.FirstOrDefault(added => added.Content == token)?.Id;

    /// <exception cref="KeyNotFoundException">There is no such token.</exception>
    public int Require(string token) => IdOf(token) ?? throw new KeyNotFoundException($"has no token '{token}', which the tokenizer needs.");
}
