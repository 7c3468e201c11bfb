using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using AdaLora.Internals;
using Microsoft.Win32.SafeHandles;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Safetensors;

/// <summary>
/// A safetensors file opened for reading. The header is checked in full on opening; tensors are streamed from the file straight into their own memory, one at a time.
/// Reading from several threads at once is safe.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    /// <summary>The longest header that is read, in bytes; the same limit as the reference implementation has.</summary>
    public const int MaxHeaderBytes = 100_000_000;

    private const int LengthBytes = sizeof(ulong);

    /// <summary>How much is read at a time into a tensor of another element type.</summary>
    private const long ConvertedBytes = 4 << 20;

    private readonly SafeFileHandle _handle;
    private readonly long _dataStart;
    private readonly byte[] _json;
    private readonly MappedFile _mapped;

    private SafetensorsFile(string path, SafeFileHandle handle)
    {
        Path = path;
        _handle = handle;
        _json = ReadHeader(out var dataLength);
        _dataStart = LengthBytes + _json.Length;
        _mapped = new MappedFile(path, _dataStart + dataLength);
        var header = SafetensorsHeader.Parse(_json, dataLength, path);
        Entries = header.Entries;
        Metadata = header.Metadata;
    }

    /// <summary>The path the file was opened with.</summary>
    public string Path { get; }

    /// <summary>What the header says of each tensor, by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; }

    /// <summary>The free text pairs of the header; empty when it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its header: JSON, names, element types, shapes and byte ranges.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The open file; dispose it when the tensors have been read.</returns>
    /// <exception cref="ArgumentException"><paramref name="path"/> is null or empty.</exception>
    /// <exception cref="IOException">The file is not there (<see cref="FileNotFoundException"/>) or can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The path is a folder, or the file may not be read.</exception>
    /// <exception cref="SafetensorsException">The file breaks the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        RegularFile.Require(path);
        var handle = File.OpenHandle(path);
        try
        {
            return new SafetensorsFile(path, handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Reads one tensor with the element type and shape it is stored with.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="device">Where to put it; the CPU if null.</param>
    /// <returns>A new tensor that the caller owns; it belongs to no dispose scope and doesn't require a gradient.</returns>
    /// <exception cref="KeyNotFoundException">The file holds no such tensor.</exception>
    /// <exception cref="SafetensorsException">The bytes can't be read, there is no memory for the tensor, or a truth value is neither 0 nor 1.</exception>
    /// <exception cref="ObjectDisposedException">The file was closed.</exception>
    public Tensor Read(string name, Device? device = null)
    {
        var entry = Find(name);
        using var scope = NewDisposeScope();
        var tensor = Allocate(entry);
        Fill(entry, tensor);
        return (device is null || device.type == DeviceType.CPU ? tensor : tensor.to(device)).DetachFromDisposeScope();
    }

    /// <summary>
    /// Reads one tensor into an existing one, such as a parameter. Into contiguous memory of the CPU with the stored element type it goes without a copy in between; else it is converted and moved.
    /// </summary>
    /// <param name="name">The stored tensor's name.</param>
    /// <param name="target">The tensor to fill, of the stored shape. No gradient flows through the filling. After an exception its values are undefined.</param>
    /// <exception cref="ArgumentException"><paramref name="target"/> has another shape.</exception>
    /// <exception cref="KeyNotFoundException">The file holds no such tensor.</exception>
    /// <exception cref="SafetensorsException">The bytes can't be read, there is no memory for the tensor, or a truth value is neither 0 nor 1.</exception>
    /// <exception cref="ObjectDisposedException">The file was closed.</exception>
    public void ReadInto(string name, Tensor target)
    {
        ArgumentNullException.ThrowIfNull(target);
        var entry = Find(name);
        if (!entry.Shape.SequenceEqual(target.shape))
            throw new ArgumentException($"'{name}' has the shape [{string.Join(", ", entry.Shape)}] in place of [{string.Join(", ", target.shape)}].", nameof(target));
        if (entry.Dtype == target.dtype && target.device_type == DeviceType.CPU && target.is_contiguous())
        {
            Fill(entry, target);
            return;
        }
        Convert(entry, target);
    }

    /// <summary>
    /// Gives one tensor as a part of the file that is mapped into memory: nothing is read before it is looked at, and processes that map the same file share its pages. Writing to the tensor changes
    /// this object's copy, of which all tensors of one name that it gives are a part, and never the file. Only for files that nobody shortens or overwrites in place, as long as the tensor lives: the system ends a process that looks at bytes which are no longer there.
    /// Replacing the file by another one, as downloads do, is harmless.
    /// </summary>
    /// <param name="name">The tensor's name.</param>
    /// <returns>
    /// A tensor on the CPU that the caller owns; it belongs to no dispose scope, doesn't require a gradient and outlives this object. It is read as <see cref="Read"/> does where it cannot be mapped: truth values, and what
    /// does not begin at a multiple of its element size.
    /// </returns>
    /// <exception cref="KeyNotFoundException">The file holds no such tensor.</exception>
    /// <exception cref="SafetensorsException">The file can't be mapped or read, or has become shorter.</exception>
    /// <exception cref="ObjectDisposedException">The file was closed.</exception>
    public Tensor Map(string name)
    {
        var entry = Find(name);
        if (entry.ByteLength == 0 || entry.Dtype == ScalarType.Bool)
            return Read(name);
        if (RandomAccess.GetLength(_handle) < _dataStart + entry.End)
            throw new SafetensorsException(Path, "the file has become shorter since it was opened", entry.Name);
        try
        {
            return _mapped.View(_dataStart + entry.Begin, entry.Dtype, entry.ByteLength / entry.Shape.Aggregate(1L, (count, size) => count * size), entry.Shape) ?? Read(name);
        }
        catch (ExternalException exception)
        {
            throw new SafetensorsException(Path, $"can't be mapped into memory: {exception.Message}", entry.Name, exception);
        }
    }

    /// <summary>Reads every tensor of the file, as <see cref="Read"/> does.</summary>
    /// <param name="device">Where to put them; the CPU if null.</param>
    /// <returns>New tensors by name, which the caller owns.</returns>
    /// <exception cref="SafetensorsException">The bytes can't be read; what was read before is disposed.</exception>
    /// <exception cref="ObjectDisposedException">The file was closed.</exception>
    public Dictionary<string, Tensor> ReadAll(Device? device = null)
    {
        var tensors = new Dictionary<string, Tensor>(Entries.Count, StringComparer.Ordinal);
        try
        {
            // In the order of the data, so that a disk reads forwards.
            foreach (var entry in Entries.Values.OrderBy(entry => entry.Begin))
                tensors.Add(entry.Name, Read(entry.Name, device));
        }
        catch
        {
            foreach (var tensor in tensors.Values)
                tensor.Dispose();
            throw;
        }
        return tensors;
    }

    /// <summary>
    /// The SHA-256 of the file as it was read: of the header that the names and shapes come from and of the bytes in the tensors, not of what the file may hold by now.
    /// </summary>
    /// <param name="read">What <see cref="ReadAll"/> gave, on the CPU.</param>
    internal byte[] HashOf(IReadOnlyDictionary<string, Tensor> read)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[LengthBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)_json.Length);
        hash.AppendData(length);
        hash.AppendData(_json);
        foreach (var entry in Entries.Values.Where(entry => entry.ByteLength > 0).OrderBy(entry => entry.Begin))
            TensorBytes.ForEachChunk(read[entry.Name], (chunk, _) => hash.AppendData(chunk));
        return hash.GetHashAndReset();
    }

    /// <summary>Closes the file. Tensors that were read stay valid.</summary>
    public void Dispose()
    {
        _mapped.Dispose();
        _handle.Dispose();
    }

    private byte[] ReadHeader(out long dataLength)
    {
        var fileLength = RandomAccess.GetLength(_handle);
        Span<byte> start = stackalloc byte[LengthBytes];
        if (ReadFully(start, 0) < LengthBytes)
            throw new SafetensorsException(Path, $"is no safetensors file: it has {fileLength} bytes, fewer than the {LengthBytes} of the header length");
        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (headerLength > MaxHeaderBytes || (long)headerLength > fileLength - LengthBytes)
        {
            var limit = headerLength > MaxHeaderBytes ? $"the limit is {MaxHeaderBytes}" : $"the file has {fileLength} in all";
            throw new SafetensorsException(Path, $"states a header of {headerLength} bytes ({limit}){FileKindHint(start)}");
        }
        var json = new byte[headerLength];
        if (ReadFully(json, LengthBytes) < json.Length)
            throw new SafetensorsException(Path, "ended while its header was read");
        dataLength = fileLength - LengthBytes - json.Length;
        return json;
    }

    // The usual mix-ups all show as an absurd header length; say what the file seems to be instead.
    private static string FileKindHint(ReadOnlySpan<byte> start)
    {
        if (start.SequenceEqual("version "u8))
            return "; it looks like a Git LFS pointer: fetch the real file with 'git lfs pull'";
        if (start[0] == '<')
            return "; it looks like a web page: the download gave an error page in place of the file";
        if (start.StartsWith("PK"u8) || start[0] == 0x80)
            return "; it looks like a PyTorch checkpoint: convert it to safetensors first";
        return "; it is cut off or no safetensors file";
    }

    private Tensor Allocate(SafetensorsEntry entry)
    {
        try
        {
            return empty([.. entry.Shape], entry.Dtype, CPU);
        }
        catch (ExternalException exception)
        {
            throw new SafetensorsException(Path, $"no tensor of {entry.Dtype} [{string.Join(", ", entry.Shape)}] can be made: {exception.Message}", entry.Name, exception);
        }
    }

    private SafetensorsEntry Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        return Entries.TryGetValue(name, out var entry) ? entry : throw new KeyNotFoundException($"'{Path}' holds no tensor named '{name}'.");
    }

    // Piece by piece: whole, the largest tensor of a model would stand in memory beside what it becomes, which may have half its size.
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
        var buffer = empty([step, .. entry.Shape.Skip(1)], entry.Dtype, CPU);
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
            throw new SafetensorsException(Path, "a truth value is neither 0 nor 1", entry.Name);
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
