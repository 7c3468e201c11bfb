using System.Security.Cryptography;
using System.Text;
using AdaLora.Internals;
using AdaLora.Safetensors;
using static TorchSharp.torch;

namespace AdaLora.Training.Checkpoints;

/// <summary>
/// Distinguishes one set of frozen weights from another: a hash of all names, dtypes, shapes and bytes or, since reading sixteen gigabytes takes longer than many trainings, of a sample of
/// each tensor's bytes. Other weights of the same shapes, such as another checkpoint or a fine-tuned one, differ nearly everywhere and so in the sample; a change to a few entries of a large
/// tensor outside the sample goes unnoticed.
/// </summary>
internal sealed class WeightFingerprint(IEnumerable<(string Name, Tensor Value)> tensors)
{
    /// <summary>Up to this many bytes, all are hashed, which takes a fraction of a second.</summary>
    internal const long MostHashed = 256L << 20;

    /// <summary>Entries of a tensor in the sample: runs of adjacent entries, evenly spaced from the first entry to the last, so that few pages of a file are read.</summary>
    internal const int Runs = 64, RunLength = 64;

    private const string Sample = "sample ";

    private readonly IReadOnlyList<(string Name, Tensor Value)> _tensors = [.. tensors.OrderBy(t => t.Name, StringComparer.Ordinal)];

    /// <summary>What to write into a checkpoint.</summary>
    /// <param name="everyByte">Whether to hash all bytes, however many there are.</param>
    public string Describe(bool everyByte) => everyByte || _tensors.Sum(t => t.Value.numel() * t.Value.element_size()) <= MostHashed ? OfAll() : OfSample();

    /// <summary>The same, in the form stored in a checkpoint.</summary>
    public string DescribeLike(string saved) => saved.StartsWith(Sample, StringComparison.Ordinal) ? OfSample() : OfAll();

    private string OfAll() => Hash(value => value);

    private string OfSample() => Sample + Hash(value => value.numel() <= Runs * RunLength ? value : value.take(Positions(value)));

    private string Hash(Func<Tensor, Tensor> part)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, value) in _tensors)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {RunIdentity.Shape(value)}\n"));
            if (value.numel() == 0)
                continue;
            using var scope = NewDisposeScope();
            TensorBytes.ForEachChunk(HostRead.Copy(part(value.detach())), (chunk, _) => hash.AppendData(chunk));
        }

        return Convert.ToHexString(hash.GetHashAndReset())[..32];
    }

    private static Tensor Positions(Tensor value)
    {
        var last = value.numel() - RunLength;
        var positions = Enumerable.Range(0, Runs).SelectMany(run => Enumerable.Range(0, RunLength).Select(i => (last / (Runs - 1) * run) + (last % (Runs - 1) * run / (Runs - 1)) + i));
        return tensor(positions.ToArray(), device: value.device);
    }
}
