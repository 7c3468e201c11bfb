using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Safetensors;

/// <summary>Writes tensors to a safetensors file that readers see either complete or not at all.</summary>
public static class SafetensorsWriter
{
    private const int Alignment = 8;

    // Throws on a lone surrogate instead of writing a different name.
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Writes a file: header padded with spaces to a multiple of 8 bytes, names in ordinal order, tensors with wide elements first, so that each is aligned to its element size.
    /// It is written next to the target, flushed to disk and then renamed over it: an existing file stays as it was if anything fails.
    /// The same tensors give the same bytes.
    /// </summary>
    /// <param name="path">The file to write; its folder must exist.</param>
    /// <param name="tensors">The tensors by name, of any layout and on any device; they are not changed.</param>
    /// <param name="metadata">Free-form text pairs for the header, or null.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty, a name is reserved or not valid text, or a tensor is disposed, sparse or of an element type the format lacks.</exception>
    /// <exception cref="IOException">The file can't be written.</exception>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensors);
        AtomicFile.Write(path, stream => WriteTo(stream, tensors, metadata));
    }

    /// <summary>Writes the content of a file; see <see cref="Write"/>.</summary>
    internal static void WriteTo(Stream stream, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var plans = Plan(tensors);
        stream.Write(MakeHeader(plans, metadata));
        foreach (var plan in plans.OrderBy(plan => plan.Begin))
            WriteTensor(stream, plan.Tensor);
    }

    private static List<PlannedTensor> Plan(IReadOnlyDictionary<string, Tensor> tensors)
    {
        var plans = new List<PlannedTensor>(tensors.Count);
        foreach (var (name, tensor) in tensors.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (name == "__metadata__" || !IsText(name))
                throw new ArgumentException($"'{name}' can't be a tensor's name: it is reserved by the format or is not valid text.", nameof(tensors));
            if (tensor is null || tensor.IsInvalid)
                throw new ArgumentException($"Tensor '{name}' is null or was disposed.", nameof(tensors));
            if (tensor.is_sparse || !SafetensorsDtype.TryGetName(tensor.dtype, out var dtype, out var size))
                throw new ArgumentException($"Tensor '{name}' is sparse or of type {tensor.dtype}; the format holds dense {SafetensorsDtype.AllNames}.", nameof(tensors));
            plans.Add(new PlannedTensor(name, tensor, dtype, size));
        }
        var position = 0L;
        foreach (var plan in plans.OrderByDescending(plan => plan.ElementSize))
        {
            plan.Begin = position;
            position += plan.Tensor.NumberOfElements * plan.ElementSize;
            plan.End = position;
        }
        return plans;
    }

    private static byte[] MakeHeader(List<PlannedTensor> plans, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[sizeof(ulong)]);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is not null)
                WriteMetadata(json, metadata);
            foreach (var plan in plans)
                WriteEntry(json, plan);
            json.WriteEndObject();
        }
        while (buffer.Length % Alignment != 0)
            buffer.WriteByte((byte)' ');
        var header = buffer.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)(header.Length - sizeof(ulong)));
        return header;
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata)
    {
        json.WriteStartObject("__metadata__");
        foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (value is null || !IsText(key) || !IsText(value))
                throw new ArgumentException($"The metadata at '{key}' is null or not valid text.", nameof(metadata));
            json.WriteString(key, value);
        }
        json.WriteEndObject();
    }

    private static void WriteEntry(Utf8JsonWriter json, PlannedTensor plan)
    {
        json.WriteStartObject(plan.Name);
        json.WriteString("dtype", plan.Dtype);
        json.WriteStartArray("shape");
        foreach (var dimension in plan.Tensor.shape)
            json.WriteNumberValue(dimension);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(plan.Begin);
        json.WriteNumberValue(plan.End);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteTensor(Stream stream, Tensor tensor)
    {
        if (tensor.NumberOfElements == 0)
            return;
        using var scope = NewDisposeScope();
        TensorBytes.ForEachChunk(HostRead.Copy(tensor), (chunk, _) => stream.Write(chunk));
    }

    private static bool IsText(string text)
    {
        try
        {
            _ = StrictUtf8.GetByteCount(text);
            return true;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }

    private sealed class PlannedTensor(string name, Tensor tensor, string dtype, int elementSize)
    {
        public string Name { get; } = name;

        public Tensor Tensor { get; } = tensor;

        public string Dtype { get; } = dtype;

        public int ElementSize { get; } = elementSize;

        public long Begin { get; set; }

        public long End { get; set; }
    }
}
