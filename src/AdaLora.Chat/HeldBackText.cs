namespace AdaLora.Chat;

/// <summary>Keeps a text that ends an answer out of it: what may be the beginning of one is held back until that is known.</summary>
/// <param name="stops">The texts that end an answer.</param>
internal sealed class HeldBackText(IReadOnlyList<string> stops)
{
    private string _held = "";
    private bool _isOver;

    /// <summary>Takes a piece, and returns what is certain.</summary>
    public string Add(string piece)
    {
        if (_isOver)
            return "";
        var text = _held + piece;
        var end = stops.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(place => place >= 0).DefaultIfEmpty(-1).Min();
        if (end >= 0)
        {
            (_held, _isOver) = ("", true);
            return text[..end];
        }

        var kept = stops.Select(stop => Overlap(text, stop)).DefaultIfEmpty(0).Max();
        _held = text[^kept..];
        return text[..^kept];
    }

    /// <summary>What is left at the end.</summary>
    public string Finish()
    {
        var rest = _held;
        _held = "";
        return rest;
    }

    // The length of the longest end of a text that is the beginning of a stop.
    private static int Overlap(string text, string stop)
    {
        for (var length = Math.Min(text.Length, stop.Length - 1); length > 0; length--)
        {
            if (text.EndsWith(stop[..length], StringComparison.Ordinal))
                return length;
        }

        return 0;
    }
}
