using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace AdaLora.Safetensors;

/// <content>How bytes are read from the file, and the errors when they cannot be.</content>
public sealed partial class SafetensorsFile
{
    private byte[] ReadHeader(out long dataLength)
    {
        var fileLength = RandomAccess.GetLength(_handle);
        Span<byte> start = stackalloc byte[LengthBytes];
        if (ReadFully(start, 0) < LengthBytes)
            throw new SafetensorsException(Path, $"is not a safetensors file: it has {fileLength} bytes, fewer than the {LengthBytes} that hold the header length");
        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (headerLength > MaxHeaderBytes || (long)headerLength > fileLength - LengthBytes)
        {
            var limit = headerLength > MaxHeaderBytes ? $"the limit is {MaxHeaderBytes}" : $"the file has {fileLength} in all";
            throw new SafetensorsException(Path, $"declares a header of {headerLength} bytes ({limit}){FileKindHint(start)}");
        }
        var json = new byte[headerLength];
        if (ReadFully(json, LengthBytes) < json.Length)
            throw new SafetensorsException(Path, "ended while its header was read");
        dataLength = fileLength - LengthBytes - json.Length;
        return json;
    }

    // The usual mix-ups all show up as an absurd header length; say what the file seems to be instead.
    private static string FileKindHint(ReadOnlySpan<byte> start)
    {
        if (start.SequenceEqual("version "u8))
            return "; it looks like a Git LFS pointer: fetch the real file with 'git lfs pull'";
        if (start[0] == '<')
            return "; it looks like a web page: the download returned an error page instead of the file";
        if (start.StartsWith("PK"u8) || start[0] == 0x80)
            return "; it looks like a PyTorch checkpoint: convert it to safetensors first";
        return "; it is truncated or not a safetensors file";
    }

    private Tensor Allocate(SafetensorsEntry entry)
    {
        try
        {
            return empty([.. entry.Shape], entry.Dtype, device: CPU);
        }
        catch (ExternalException exception)
        {
            throw new SafetensorsException(Path, $"a tensor of {entry.Dtype} [{string.Join(", ", entry.Shape)}] cannot be created: {exception.Message}", entry.Name, exception);
        }
    }

    // Piece by piece: otherwise the largest tensor of a model would be in memory alongside its converted form, which may be half its size.
    private void Convert(SafetensorsEntry entry, Tensor target)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = entry.Shape.Count == 0 ? 1 : entry.Shape[0];
        if (rows < 2 || entry.ByteLength <= ConvertedBytes)
        {
            using var stored = Read(entry.Name);
            _ = target.copy_(stored);
            return;
        }

        var rowBytes = entry.ByteLength / rows;
        var step = Math.Clamp(ConvertedBytes / rowBytes, 1, rows);
        var buffer = empty([step, .. entry.Shape.Skip(1)], entry.Dtype, device: CPU);
        for (var row = 0L; row < rows; row += step)
        {
            using var inner = NewDisposeScope();
            var (first, piece) = (row, buffer.narrow(0, 0, Math.Min(step, rows - row)));
            TensorBytes.ForEachChunk(piece, (chunk, offset) => Fill(entry, chunk, (first * rowBytes) + offset));
            _ = target.narrow(0, row, piece.shape[0]).copy_(piece);
        }
    }

    private void Fill(SafetensorsEntry entry, Tensor tensor)
    {
        if (entry.ByteLength > 0)
            TensorBytes.ForEachChunk(tensor, (chunk, offset) => Fill(entry, chunk, offset));
    }

    private void Fill(SafetensorsEntry entry, Span<byte> chunk, long offset)
    {
        var read = ReadFully(chunk, _dataStart + entry.Begin + offset);
        if (read < chunk.Length)
            throw new SafetensorsException(Path, "the file ended while its bytes were read; it was changed after it was opened", entry.Name);
        // Other values would be undefined behaviour inside libtorch.
        if (entry.Dtype == ScalarType.Bool && chunk.ContainsAnyExceptInRange((byte)0, (byte)1))
            throw new SafetensorsException(Path, "a boolean is neither 0 nor 1", entry.Name);
    }

    private int ReadFully(Span<byte> buffer, long position)
    {
        var total = 0;
        while (total < buffer.Length)
        {
            var read = RandomAccess.Read(_handle, buffer[total..], position + total);
            if (read == 0)
                break;
            total += read;
        }
        return total;
    }
}
