using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using AdaLora.Internals;
using AdaLora.Safetensors;
using static TorchSharp.torch;

namespace AdaLora.Processes;

/// <summary>Distinguishes one batch from another by its tensors, numbers and texts, alone or in tuples, collections and records. What other objects hold is not looked at.</summary>
internal static class BatchFingerprint
{
    public static string Of(object? batch)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var scope = NewDisposeScope();
        Add(hash, batch);
        return Convert.ToHexString(hash.GetHashAndReset())[..32];
    }

    private static void Add(IncrementalHash hash, object? part)
    {
        switch (part)
        {
            case Tensor tensor:
                AddText(hash, $"{tensor.dtype} ({string.Join(", ", tensor.shape)})");
                if (tensor.numel() > 0)
                    TensorBytes.ForEachChunk(HostRead.Copy(tensor), (chunk, _) => hash.AppendData(chunk));
                break;
            case ITuple tuple:
                for (var i = 0; i < tuple.Length; i++)
                    Add(hash, tuple[i]);
                break;
            case DictionaryEntry entry:
                Add(hash, entry.Key);
                Add(hash, entry.Value);
                break;
            // Other sequences may not be there a second time.
            case ICollection collection:
                AddText(hash, $"{collection.Count} parts");
                foreach (var one in collection)
                    Add(hash, one);
                break;
            default:
                AddText(hash, Convert.ToString(part, CultureInfo.InvariantCulture) ?? "null");
                break;
        }
    }

    private static void AddText(IncrementalHash hash, string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + "\n"));
}
