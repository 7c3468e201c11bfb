using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace AdaLora.Transformers.Tokenization.Normalizers;

/// <summary>
/// SentencePiece's table of normalisations: a double-array trie over UTF-8 bytes, whose values are offsets into a block of texts that each end with a zero byte.
/// </summary>
internal sealed class CharsMap
{
    private readonly uint[] _units;
    private readonly byte[] _texts;

    /// <param name="blob">The length of the trie in bytes, the trie, the texts; empty for no normalisation.</param>
    /// <exception cref="InvalidDataException">The lengths don't fit.</exception>
    public CharsMap(ReadOnlySpan<byte> blob)
    {
        if (blob.IsEmpty)
        {
            (_units, _texts) = ([], []);
            return;
        }

        var length = blob.Length >= sizeof(uint) ? BinaryPrimitives.ReadUInt32LittleEndian(blob) : uint.MaxValue;
        if (length % sizeof(uint) != 0 || length == 0 || length > blob.Length - sizeof(uint))
            throw new InvalidDataException("has a truncated table of normalisations.");
        _units = [.. MemoryMarshal.Cast<byte, uint>(blob.Slice(sizeof(uint), (int)length))];
        _texts = [.. blob[(sizeof(uint) + (int)length)..]];
    }

    public bool IsEmpty => _units.Length == 0;

    /// <summary>What the longest entry makes of the beginning of a text in UTF-8, or null if none matches.</summary>
    public string? Longest(ReadOnlySpan<byte> text, out int length) => Find(text, longest: true, out length);

    /// <summary>What the shortest entry makes of the beginning of a text, or null if none matches.</summary>
    public string? Shortest(ReadOnlySpan<char> text)
    {
        Span<byte> bytes = stackalloc byte[3 * text.Length];
        return Find(bytes[..Encoding.UTF8.GetBytes(text, bytes)], longest: false, out _);
    }

    private string? Find(ReadOnlySpan<byte> bytes, bool longest, out int length)
    {
        length = 0;
        if (IsEmpty)
            return null;
        var value = 0;
        var node = Offset(_units[0]);
        for (var i = 0; i < bytes.Length && (longest || length == 0); i++)
        {
            node ^= bytes[i];
            if (node >= _units.Length || Label(_units[node]) != bytes[i])
                break;
            var unit = _units[node];
            node ^= Offset(unit);
            if (HasValue(unit) && node < _units.Length)
                (length, value) = (i + 1, (int)(_units[node] & 0x7fffffff));
        }

        return length == 0 ? null : Encoding.UTF8.GetString(TextAt(value));
    }

    private ReadOnlySpan<byte> TextAt(int offset)
    {
        if (offset >= _texts.Length)
            return [];
        var text = _texts.AsSpan(offset);
        var end = text.IndexOf((byte)0);
        return end < 0 ? text : text[..end];
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1u << 9)) >> 6);

    private static uint Label(uint unit) => unit & (0x80000000u | 0xffu);

    private static bool HasValue(uint unit) => ((unit >> 8) & 1) == 1;
}
