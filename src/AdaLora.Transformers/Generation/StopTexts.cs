using System.Text;

namespace AdaLora.Transformers.Generation;

/// <summary>Looks for stop texts in what was generated, after every token.</summary>
internal sealed class StopTexts
{
    private readonly IReadOnlyList<string> _texts;
    private readonly Func<IReadOnlyList<int>, string>? _decode;
    private readonly int _tail;

    /// <param name="texts">The texts.</param>
    /// <param name="decode">Token ids to text.</param>
    /// <exception cref="ArgumentException">There are texts, but nothing decodes tokens.</exception>
    public StopTexts(IReadOnlyList<string> texts, Func<IReadOnlyList<int>, string>? decode)
    {
        if (texts.Count > 0 && decode is null)
            throw new ArgumentException("Stop texts can only be found if the generator is given a way to decode tokens.");
        (_texts, _decode) = (texts, decode);
        // A token is at least one byte, and the first one of a text may lose a space.
        _tail = texts.Select(text => Encoding.UTF8.GetByteCount(text)).DefaultIfEmpty().Max() + 4;
    }

    /// <summary>Whether the last token completed a stop text.</summary>
    /// <param name="text">The tokens, prompt included.</param>
    /// <param name="count">How many of them are new: only these are searched.</param>
    public bool AreIn(IReadOnlyList<int> text, int count)
    {
        if (_texts.Count == 0)
            return false;
        var length = Math.Min(count, _tail);
        var tail = _decode!([.. text.Skip(text.Count - length)]);
        return _texts.Any(stop => tail.Contains(stop, StringComparison.Ordinal));
    }
}
