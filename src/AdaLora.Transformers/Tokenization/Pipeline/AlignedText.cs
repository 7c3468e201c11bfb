using System.Text;

namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>A text on its way to tokens, which knows for each of its UTF-16 units which units of the original text it comes from. Both halves of a surrogate pair come from the same range.</summary>
internal sealed class AlignedText
{
    private char[] _text = new char[256];
    private int[] _starts = new int[256];
    private int[] _ends = new int[256];

    public int Length { get; private set; }

    /// <summary>Where in the original text the part begins that this text was made from.</summary>
    public int Origin { get; private set; }

    public ReadOnlySpan<char> Span => _text.AsSpan(0, Length);

    public int StartOf(int unit) => _starts[unit];

    public int EndOf(int unit) => _ends[unit];

    /// <summary>Begins anew with a part of the original text. Halves of surrogate pairs that stand alone become U+FFFD.</summary>
    public void Load(ReadOnlySpan<char> part, int origin)
    {
        Clear(origin);
        Reserve(part.Length);
        for (var i = 0; i < part.Length; i++)
        {
            var unit = part[i];
            if (!char.IsSurrogate(unit))
            {
                Put(unit, origin + i, origin + i + 1);
            }
            else if (i + 1 < part.Length && char.IsSurrogatePair(unit, part[i + 1]))
            {
                Put(unit, origin + i, origin + i + 2);
                Put(part[i + 1], origin + i, origin + i + 2);
                i++;
            }
            else
            {
                Put('\uFFFD', origin + i, origin + i + 1);
            }
        }
    }

    public void Clear(int origin) => (Length, Origin) = (0, origin);

    public void Append(char unit, int start, int end)
    {
        Reserve(1);
        Put(unit, start, end);
    }

    public void Append(Rune rune, int start, int end)
    {
        Span<char> units = stackalloc char[2];
        foreach (var unit in units[..rune.EncodeToUtf16(units)])
            Append(unit, start, end);
    }

    /// <summary>Appends a text, all of which comes from one range.</summary>
    public void Append(ReadOnlySpan<char> text, int start, int end)
    {
        Reserve(text.Length);
        foreach (var unit in text)
            Put(unit, start, end);
    }

    /// <summary>Appends units of another text as they are there.</summary>
    public void Append(AlignedText source, int start, int end)
    {
        var count = end - start;
        Reserve(count);
        source._text.AsSpan(start, count).CopyTo(_text.AsSpan(Length));
        source._starts.AsSpan(start, count).CopyTo(_starts.AsSpan(Length));
        source._ends.AsSpan(start, count).CopyTo(_ends.AsSpan(Length));
        Length += count;
    }

    private void Put(char unit, int start, int end)
    {
        _text[Length] = unit;
        _starts[Length] = start;
        _ends[Length++] = end;
    }

    private void Reserve(int count)
    {
        if (Length + count <= _text.Length)
            return;
        var size = Math.Max(2 * _text.Length, Length + count);
        Array.Resize(ref _text, size);
        Array.Resize(ref _starts, size);
        Array.Resize(ref _ends, size);
    }
}
