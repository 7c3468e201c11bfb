namespace AdaLora.Transformers.Tokenization;

/// <summary>Tokens and ids of a tokenizer, in both directions, added tokens included.</summary>
internal sealed class Vocabulary
{
    private readonly string?[] _byId;

    public Vocabulary(IReadOnlyDictionary<string, int> tokens, IReadOnlyCollection<AddedToken> addedTokens)
    {
        Tokens = tokens;
        AddedTokens = addedTokens;
        _byId = new string?[1 + tokens.Values.Concat(addedTokens.Select(token => token.Id)).Max()];
        foreach (var (token, id) in tokens)
            _byId[id] = token;
        foreach (var token in addedTokens)
            _byId[token.Id] ??= token.Content;
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
