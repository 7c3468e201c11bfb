using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using AdaLora.Internals;
using Microsoft.Win32.SafeHandles;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Safetensors;

/// <summary>
/// A safetensors file opened for reading. The header is fully checked on opening; tensors are streamed from the file straight into their own memory, one at a time.
/// Reading from several threads at once is safe.
/// </summary>
public sealed partial class SafetensorsFile : IDisposable
{
    /// <summary>The longest header accepted, in bytes; the same limit as in the reference implementation.</summary>
    public const int MaxHeaderBytes = 100_000_000;

    private const int LengthBytes = sizeof(ulong);

    /// <summary>How much is read at a time into a tensor of a different element type.</summary>
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

    /// <summary>What the header says about each tensor, by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; }

    /// <summary>The header's free-form text pairs; empty if it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its header: JSON, names, element types, shapes and byte ranges.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The open file; dispose it once the tensors have been read.</returns>
    /// <exception cref="ArgumentException"><paramref name="path"/> is null or empty.</exception>
    /// <exception cref="IOException">The file does not exist (<see cref="FileNotFoundException"/>) or can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The path is a directory, or reading the file is not permitted.</exception>
    /// <exception cref="SafetensorsException">The file violates the format.</exception>
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

    /// <summary>Reads one tensor with its stored element type and shape.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="device">The destination; the CPU if null.</param>
    /// <returns>A new tensor that the caller owns; it belongs to no dispose scope and doesn't require a gradient.</returns>
    /// <exception cref="KeyNotFoundException">The file contains no such tensor.</exception>
    /// <exception cref="SafetensorsException">The bytes can't be read, there is no memory for the tensor, or a boolean is neither 0 nor 1.</exception>
    /// <exception cref="ObjectDisposedException">The file has been closed.</exception>
    public Tensor Read(string name, Device? device = null)
    {
        var entry = Find(name);
        using var scope = NewDisposeScope();
        var tensor = Allocate(entry);
        Fill(entry, tensor);
        return (device is null || device.type == DeviceType.CPU ? tensor : tensor.to(device)).DetachFromDisposeScope();
    }

    /// <summary>
    /// Reads one tensor into an existing one, such as a parameter. Contiguous CPU memory with the stored element type is filled without an intermediate copy; otherwise the values are
    /// converted and moved.
    /// </summary>
    /// <param name="name">The stored tensor's name.</param>
    /// <param name="target">The tensor to fill, of the stored shape. Filling it is not recorded for gradients. After an exception its values are undefined.</param>
    /// <exception cref="ArgumentException">The shape of <paramref name="target"/> differs.</exception>
    /// <exception cref="KeyNotFoundException">The file contains no such tensor.</exception>
    /// <exception cref="SafetensorsException">The bytes can't be read, there is no memory for the tensor, or a boolean is neither 0 nor 1.</exception>
    /// <exception cref="ObjectDisposedException">The file has been closed.</exception>
    public void ReadInto(string name, Tensor target)
    {
        ArgumentNullException.ThrowIfNull(target);
        var entry = Find(name);
        if (!entry.Shape.SequenceEqual(target.shape))
            throw new ArgumentException($"'{name}' has the shape [{string.Join(", ", entry.Shape)}] instead of [{string.Join(", ", target.shape)}].", nameof(target));
        if (entry.Dtype == target.dtype && target.device_type == DeviceType.CPU && target.is_contiguous())
        {
            Fill(entry, target);
            return;
        }
        Convert(entry, target);
    }

    /// <summary>
    /// Returns one tensor as a memory-mapped part of the file: nothing is read until it is accessed, and processes that map the same file share its pages. Writing to the tensor changes
    /// this object's copy, shared by all tensors of that name it returns, never the file. Only for files that nobody truncates or overwrites in place while the tensor lives: the system
    /// kills a process that accesses missing bytes. Replacing the file with another one, as downloads do, is harmless.
    /// </summary>
    /// <param name="name">The tensor's name.</param>
    /// <returns>
    /// A CPU tensor that the caller owns; it belongs to no dispose scope, doesn't require a gradient and outlives this object. It is read as in <see cref="Read"/> if it cannot be mapped:
    /// booleans, and tensors that do not start at a multiple of their element size.
    /// </returns>
    /// <exception cref="KeyNotFoundException">The file contains no such tensor.</exception>
    /// <exception cref="SafetensorsException">The file can't be mapped or read, or has become shorter.</exception>
    /// <exception cref="ObjectDisposedException">The file has been closed.</exception>
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

    /// <summary>Reads every tensor of the file, like <see cref="Read"/>.</summary>
    /// <param name="device">The destination; the CPU if null.</param>
    /// <returns>New tensors by name, owned by the caller.</returns>
    /// <exception cref="SafetensorsException">The bytes can't be read; what was read before is disposed.</exception>
    /// <exception cref="ObjectDisposedException">The file has been closed.</exception>
    public Dictionary<string, Tensor> ReadAll(Device? device = null)
    {
        var tensors = new Dictionary<string, Tensor>(Entries.Count, StringComparer.Ordinal);
        try
        {
            // In data order, so that a disk reads forwards.
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
    /// The SHA-256 of the file as it was read: of the header that gave the names and shapes and of the bytes in the tensors, not of the file's current content.
    /// </summary>
    /// <param name="read">What <see cref="ReadAll"/> returned, on the CPU.</param>
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

    /// <summary>Closes the file. Tensors already read stay valid.</summary>
    public void Dispose()
    {
        _mapped.Dispose();
        _handle.Dispose();
    }

    private SafetensorsEntry Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        return Entries.TryGetValue(name, out var entry) ? entry : throw new KeyNotFoundException($"'{Path}' holds no tensor named '{name}'.");
    }
}
