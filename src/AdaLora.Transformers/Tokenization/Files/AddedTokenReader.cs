using System.Text.Json;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Files;

/// <summary>
/// Collects the added tokens of a folder: those of tokenizer.json, then those of added_tokens_decoder in tokenizer_config.json or else of added_tokens.json, then the special tokens that the
/// settings name as far as the vocabulary has them, then additional special tokens, which get ids after all others where they have none.
/// </summary>
internal sealed class AddedTokenReader
{
    private readonly TokenizerFolder _folder;
    private readonly IReadOnlyDictionary<string, int> _vocabulary;
    private readonly Dictionary<string, AddedToken> _tokens = new(StringComparer.Ordinal);

    private AddedTokenReader(TokenizerFolder folder, IReadOnlyDictionary<string, int> vocabulary) => (_folder, _vocabulary) = (folder, vocabulary);

    /// <param name="folder">The folder.</param>
    /// <param name="vocabulary">The ids of the model's own tokens.</param>
    /// <param name="special">The special tokens that the settings name, each with what applies if no file describes it; ids are ignored.</param>
    /// <exception cref="CheckpointException">The files contradict each other, or have entries of the wrong kind.</exception>
    public static IReadOnlyCollection<AddedToken> Read(TokenizerFolder folder, IReadOnlyDictionary<string, int> vocabulary, params AddedToken[] special)
    {
        var reader = new AddedTokenReader(folder, vocabulary);
        reader.AddDefined();
        var names = special.Select(token => token.Content).ToHashSet(StringComparer.Ordinal);
        if (folder.Config?.Member("added_tokens_decoder") is { } listed)
            reader.AddListed(listed);
        else
            reader.AddLegacy(names);
        foreach (var token in special.Where(token => vocabulary.ContainsKey(token.Content)))
            reader.AddNamed(folder.Describe(token.Content) is { } entry ? Flagged(token.Content, vocabulary[token.Content], entry, isSpecial: true) : token with { Id = vocabulary[token.Content] });
        foreach (var (content, entry) in folder.FurtherSpecialTokens())
            reader.AddNamed(Flagged(content, vocabulary.TryGetValue(content, out var id) ? id : reader.NextId(), entry, isSpecial: true));
        return reader._tokens.Values;
    }

    private void AddDefined()
    {
        if (_folder.Definition?.Member("added_tokens") is not { ValueKind: JsonValueKind.Array } list)
            return;
        foreach (var entry in list.EnumerateArray())
        {
            if (entry.Text("content") is not { } content || entry.Member("id") is not { } id || !id.TryReadInt32(out var number) || number < 0)
                throw new CheckpointException(_folder.DefinitionPath, "has an added token without content or id.");
            Add(Flagged(content, number, entry, isSpecial: false), _folder.DefinitionPath);
        }
    }

    private void AddListed(JsonElement listed)
    {
        if (listed.ValueKind != JsonValueKind.Object)
            throw new CheckpointException(_folder.ConfigPath, "has added_tokens_decoder, but not as an object of tokens by their ids.");
        foreach (var entry in listed.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var id) || entry.Value.Text("content") is not { } content)
                throw new CheckpointException(_folder.ConfigPath, $"has an entry '{entry.Name}' in added_tokens_decoder that is not a token with its id.");
            Add(Flagged(content, id, entry.Value, isSpecial: false), _folder.ConfigPath);
        }
    }

    private void AddLegacy(HashSet<string> special)
    {
        var path = _folder.File("added_tokens.json");
        if (JsonFile.ReadIfThere(path) is not { } table)
            return;
        foreach (var entry in table.EnumerateObject())
        {
            if (!entry.Value.TryReadInt32(out var id) || id < 0)
                throw new CheckpointException(path, $"gives the token '{entry.Name}' an id that is not a whole number.");
            var isSpecial = special.Contains(entry.Name);
            Add(new AddedToken(entry.Name, id, IsNormalized: !isSpecial, IsSpecial: isSpecial), path);
        }
    }

    // The first description of a token counts; ids must agree.
    private void Add(AddedToken token, string source)
    {
        if (_vocabulary.TryGetValue(token.Content, out var own) && own != token.Id)
            throw new CheckpointException(source, $"gives the token '{token.Content}' the id {token.Id}, but the vocabulary says {own}.");
        if (!_tokens.TryAdd(token.Content, token) && _tokens[token.Content].Id != token.Id)
            throw new CheckpointException(source, $"gives the token '{token.Content}' the id {token.Id}, but elsewhere the id is {_tokens[token.Content].Id}.");
    }

    private void AddNamed(AddedToken token) => _tokens.TryAdd(token.Content, token);

    private int NextId()
    {
        var next = _vocabulary.Values.DefaultIfEmpty(-1).Max() + 1;
        while (_tokens.Values.Any(token => token.Id == next))
            next++;
        return next;
    }

    private static AddedToken Flagged(string content, int id, JsonElement entry, bool isSpecial)
    {
        var special = entry.Flag("special") ?? isSpecial;
        return new AddedToken(
            content, id, entry.Flag("lstrip") ?? false, entry.Flag("rstrip") ?? false, entry.Flag("single_word") ?? false, entry.Flag("normalized") ?? !special, special);
    }
}
