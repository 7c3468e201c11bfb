namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>Cuts a text that is too long into windows that overlap.</summary>
internal static class TextWindows
{
    /// <summary>The windows in their order, the first of which is what is left of the text when it is cut; one with all of the text if it is not too long.</summary>
    /// <param name="length">The length of the text.</param>
    /// <param name="room">The greatest length of a window.</param>
    /// <param name="stride">How many tokens neighbouring windows have in common.</param>
    /// <param name="fromEnd">Whether the first window is the end of the text.</param>
    /// <exception cref="ArgumentOutOfRangeException">Windows have so much in common that no next one would have anything new.</exception>
    public static List<Range> Of(int length, int room, int stride, bool fromEnd)
    {
        if (room >= length)
            return [new Range(0, length)];
        // The reference puts all of a text for which there is no room into one more window.
        if (room == 0)
            return [new Range(0, 0), new Range(0, length)];
        if (stride >= room)
            throw new ArgumentOutOfRangeException(nameof(stride), stride, $"Neighbouring windows cannot have {stride} tokens in common when there is room for only {room} tokens of the text.");
        var windows = new List<Range>();
        for (var done = 0; ; done += room - stride)
        {
            var reach = Math.Min(done + room, length);
            windows.Add(fromEnd ? (length - reach)..(length - done) : done..reach);
            if (reach == length)
                return windows;
        }
    }
}
