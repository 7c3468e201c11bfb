using System.Text;

namespace AdaLora.Transformers.Tokenization.Models;

/// <summary>Byte pair encoding: the characters of a word are joined, two neighbours at a time, in the order of the merges that training found.</summary>
internal sealed class BpeModel : TokenModel
{
    private readonly IReadOnlyDictionary<string, int> _tokens;
    private readonly BpeOptions _options;
    private readonly BpeMerges _merges;
    private readonly Dictionary<int, int> _characters = [];
    private readonly int[]? _bytes;

    /// <exception cref="InvalidDataException">A merge uses or makes a token that is not in the vocabulary.</exception>
    public BpeModel(IReadOnlyDictionary<string, int> tokens, IEnumerable<(string Left, string Right)> merges, BpeOptions options)
    {
        (_tokens, _options) = (tokens, options);
        _merges = new BpeMerges(tokens, merges, options.ContinuationPrefix.Length);
        foreach (var (token, id) in tokens)
        {
            if (Rune.DecodeFromUtf16(token, out var rune, out var width) == System.Buffers.OperationStatus.Done && width == token.Length)
                _characters[rune.Value] = id;
        }

        var bytes = Enumerable.Range(0, 256).Select(value => tokens.TryGetValue($"<0x{value:X2}>", out var id) ? id : -1).ToArray();
        _bytes = options.SpellsBytes ? bytes : null;
    }

    private bool HasMarks => _options.ContinuationPrefix.Length > 0 || _options.EndSuffix.Length > 0;

    protected override void Spell(ReadOnlySpan<char> word, SpellingBuilder spelling)
    {
        if (_options.IgnoresMergesOfTokens && _tokens.TryGetValue(word.ToString(), out var whole))
        {
            spelling.Add(whole, 0, word.Length);
            return;
        }

        var symbols = new BpeSymbols(word.Length);
        var unknown = (Start: 0, End: 0);
        Span<byte> bytes = stackalloc byte[4];
        for (var i = 0; i < word.Length;)
        {
            _ = Rune.DecodeFromUtf16(word[i..], out var rune, out var width);
            var id = IdOf(rune, isFirst: i == 0, isLast: i + width == word.Length);
            if (id >= 0)
            {
                FlushUnknown();
                symbols.Add(id, i, i + width);
            }
            else if (_bytes is not null && HasAll(_bytes, bytes[..rune.EncodeToUtf8(bytes)]))
            {
                foreach (var value in bytes[..rune.EncodeToUtf8(bytes)])
                    symbols.Add(_bytes[value], i, i + width);
            }
            else if (_options.UnknownId is not null)
            {
                if (!_options.FusesUnknown)
                    FlushUnknown();
                unknown = (unknown.End == 0 ? i : unknown.Start, i + width);
            }

            i += width;
        }

        FlushUnknown();
        _merges.Apply(symbols);
        symbols.CopyTo(spelling);

        void FlushUnknown()
        {
            if (unknown.End > 0)
                symbols.Add(_options.UnknownId!.Value, unknown.Start, unknown.End);
            unknown = default;
        }
    }

    private int IdOf(Rune rune, bool isFirst, bool isLast)
    {
        if (!HasMarks)
            return _characters.GetValueOrDefault(rune.Value, -1);
        return _tokens.TryGetValue($"{(isFirst ? "" : _options.ContinuationPrefix)}{rune}{(isLast ? _options.EndSuffix : "")}", out var id) ? id : -1;
    }

    private static bool HasAll(int[] ids, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            if (ids[value] < 0)
                return false;
        }

        return true;
    }
}
