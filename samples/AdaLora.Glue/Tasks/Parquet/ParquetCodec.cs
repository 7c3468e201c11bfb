using System.IO.Compression;
using Snappier;
using ZstdSharp;

namespace AdaLora.Glue;

/// <summary>How pages are compressed; the numbers are the format's.</summary>
internal enum ParquetCodec
{
    None = 0,
    Snappy = 1,
    Gzip = 2,
    Lzo = 3,
    Brotli = 4,
    Lz4 = 5,
    Zstandard = 6,
    Lz4Raw = 7,
}

internal static class ParquetCodecExtensions
{
    /// <summary>Decompresses into room of the given size; what the compressed bytes claim themselves makes no room.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged, or more than was claimed.</exception>
    public static ReadOnlySpan<byte> Decompress(this ParquetCodec codec, ReadOnlySpan<byte> compressed, int size)
    {
        if (codec == ParquetCodec.None)
            return compressed;
        var content = new byte[size];
        try
        {
            var length = codec switch
            {
                ParquetCodec.Snappy => Snappy.Decompress(compressed, content),
                ParquetCodec.Gzip => Gunzip(compressed, content),
                ParquetCodec.Brotli when BrotliDecoder.TryDecompress(compressed, content, out var written) => written,
                ParquetCodec.Brotli => throw new InvalidDataException("a page is damaged"),
                ParquetCodec.Zstandard => Unwrap(compressed, content),
                _ => throw new InvalidDataException($"pages compressed by {codec} are not supported"),
            };
            return content.AsSpan(0, length);
        }
        catch (Exception e) when (e is ArgumentException or ZstdException)
        {
            throw new InvalidDataException($"a page compressed by {codec} is damaged: {e.Message}", e);
        }
    }

    private static int Gunzip(ReadOnlySpan<byte> compressed, byte[] content)
    {
        using var stream = new GZipStream(new MemoryStream(compressed.ToArray()), CompressionMode.Decompress);
        return stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
    }

    private static int Unwrap(ReadOnlySpan<byte> compressed, byte[] content)
    {
        using var decompressor = new Decompressor();
        return decompressor.Unwrap(compressed, content);
    }
}
