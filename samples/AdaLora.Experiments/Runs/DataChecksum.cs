using System.Security.Cryptography;
using AdaLora.Experiments.Tasks;

namespace AdaLora.Experiments.Runs;

/// <summary>Distinguishes one training set from another by the length of each example in tokens, in order: other texts, another order or another tokenizer give other lengths.</summary>
internal static class DataChecksum
{
    public static string Of(ITaskData data)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var example = 0; example < data.Count; example++)
            hash.AppendData(BitConverter.GetBytes(data.LengthOf(example)));
        return $"{data.Count} examples, {Convert.ToHexString(hash.GetHashAndReset())[..16]}";
    }
}
