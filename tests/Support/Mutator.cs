using System.Text;

namespace AdaLora.TestSupport;

/// <summary>Damages bytes in the ways that find faults in readers of files. The same seed gives the same damage.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly string[] Extremes =
    [
        "-1", "0", "1", "2147483647", "-2147483648", "4294967296", "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1e999", "-0.5", "NaN", "null", "true", "[]", "{}", "\"\"",
        "[[[[[[[[[[", "\"../../../../tmp/escaped\"", "\"/etc/passwd\"", "\"\\u0000\"", "\"\ud800\"", "[1,2", "\"F32\"", "\"BOOL\"",
    ];

    private readonly Random _random = new(seed);

    /// <summary>A damaged copy.</summary>
    public byte[] Damage(byte[] original)
    {
        var bytes = original.ToList();
        for (var times = 1 + _random.Next(4); times > 0; times--)
            DamageOnce(bytes);
        return [.. bytes];
    }

    private void DamageOnce(List<byte> bytes)
    {
        var at = bytes.Count == 0 ? 0 : _random.Next(bytes.Count);
        var length = Math.Min(bytes.Count - at, 1 + _random.Next(32));
        switch (_random.Next(8))
        {
            case 0 when bytes.Count > 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1 when bytes.Count > 0:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, length);
                break;
            case 3:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 4:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 5:
                bytes.InsertRange(at, Enumerable.Range(0, 1 + _random.Next(64)).Select(_ => (byte)_random.Next(256)).ToArray());
                break;
            case 6 when bytes.Count >= 8:
                // A length at the beginning, as binary formats have it.
                var lengths = new[] { 0L, 1, -1, long.MaxValue, 1L << 40, bytes.Count, bytes.Count - 8 };
                var header = BitConverter.GetBytes(lengths[_random.Next(lengths.Length)]);
                for (var i = 0; i < 8; i++)
                    bytes[i] = header[i];
                break;
            default:
                ReplaceToken(bytes, at);
                break;
        }
    }

    // The next number, text or word, replaced by one of the values that readers trip over.
    private void ReplaceToken(List<byte> bytes, int from)
    {
        static bool IsPart(byte b) => char.IsAsciiLetterOrDigit((char)b) || b is (byte)'.' or (byte)'-' or (byte)'_' or (byte)'"';
        var start = bytes.FindIndex(Math.Min(from, bytes.Count), IsPart);
        if (start < 0)
            return;
        var end = start;
        while (end < bytes.Count && IsPart(bytes[end]))
            end++;
        bytes.RemoveRange(start, end - start);
        bytes.InsertRange(start, Encoding.UTF8.GetBytes(Extremes[_random.Next(Extremes.Length)]));
    }
}
