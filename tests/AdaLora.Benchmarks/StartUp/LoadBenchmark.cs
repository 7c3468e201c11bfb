using AdaLora.Transformers;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tokenization;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>Times loading a checkpoint, compared with its lower bound: reading the bytes of its weights and doing nothing with them.</summary>
internal static class LoadBenchmark
{
    private const int PageSize = 4096;
    private const int BufferSize = 1 << 20;
    private const double Megabyte = 1 << 20;

    public static IReadOnlyList<BenchmarkTable> Run(string folder, Pace pace)
    {
        set_num_threads(pace.Threads);
        string[] weights = [.. Directory.GetFiles(folder, "*.safetensors").Order(StringComparer.Ordinal)];
        string[] files = Directory.GetFiles(folder);
        var size = weights.Sum(file => new FileInfo(file).Length) / Megabyte;
        var title = FormattableString.Invariant($"{Path.GetFileName(Path.TrimEndingDirectorySeparator(folder))}, {size:F0} MB of weights");
        var tables = new List<BenchmarkTable> { Measure($"{title}, in the file cache", null) };
        if (PageCache.CanDrop)
            tables.Add(Measure($"{title}, from the disk (dropped from the file cache before each turn)", () => PageCache.Drop(files)));
        return tables;

        BenchmarkTable Measure(string conditions, Action? before) => new(
            conditions,
            TimedRows.From(Turns.Take(
                [
                    ("reading the bytes of the weights", () => Read(weights)),
                    ("model, read, every page of the weights touched", () => Load(folder, memoryMapped: false)),
                    ("model, mapped, every page of the weights touched", () => Load(folder, memoryMapped: true)),
                    ("model, mapped", () => AutoModel.SequenceClassifier(folder, options: new PretrainedOptions { MemoryMapped = true }).Dispose()),
                    ("tokenizer", () => TextTokenizer.FromFolder(folder)),
                ],
                pace,
                before)));
    }

    private static void Read(IEnumerable<string> files)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(BufferSize);
        foreach (var file in files)
        {
            using var handle = File.OpenHandle(file, options: FileOptions.SequentialScan);
            var (offset, count) = (0L, 0);
            do
            {
                count = RandomAccess.Read(handle, buffer, offset);
                offset += count;
            }
            while (count > 0);
        }
    }

    // Weights that are merely mapped are not loaded before they are read.
    private static void Load(string folder, bool memoryMapped)
    {
        using var model = AutoModel.SequenceClassifier(folder, options: new PretrainedOptions { MemoryMapped = memoryMapped });
        var sum = 0;
        foreach (var parameter in model.parameters())
        {
            var bytes = parameter.bytes;
            for (var i = 0; i < bytes.Length; i += PageSize)
                sum += bytes[i];
        }

        GC.KeepAlive(sum);
    }
}
