using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace AdaLora.Transformers.Tokenization;

/// <summary>
/// SentencePiece's table of normalisations: a double-array trie over UTF-8 bytes, whose values are offsets into a block of texts that each end with a zero byte. At each place of a text the
/// longest entry that matches is replaced; what matches none is left unchanged.
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

    public string Apply(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var rest = bytes.AsSpan(0, Encoding.UTF8.GetBytes(text, bytes));
        if (_units.Length == 0)
            return Encoding.UTF8.GetString(rest);
        var result = new List<byte>(rest.Length);
        while (rest.Length > 0)
        {
            var (length, offset) = LongestMatch(rest);
            if (length > 0)
            {
                result.AddRange(TextAt(offset));
            }
            else
            {
                _ = Rune.DecodeFromUtf8(rest, out _, out length);
                result.AddRange(rest[..length]);
            }

            rest = rest[length..];
        }

        return Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(result));
    }

    private (int Length, int Offset) LongestMatch(ReadOnlySpan<byte> bytes)
    {
        var (found, value) = (0, 0);
        var node = Offset(_units[0]);
        for (var i = 0; i < bytes.Length; i++)
        {
            node ^= bytes[i];
            if (node >= _units.Length || Label(_units[node]) != bytes[i])
                break;
            var unit = _units[node];
            node ^= Offset(unit);
            if (HasValue(unit) && node < _units.Length)
                (found, value) = (i + 1, (int)(_units[node] & 0x7fffffff));
        }

        return (found, value);
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
