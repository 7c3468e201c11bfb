using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;
using AdaLora.Glue.Tasks;
using AdaLora.TestSupport;
using Parquet;
using Parquet.Serialization;
using Xunit;

namespace AdaLora.Glue.Tests;

/// <summary>Damaged data and command lines.</summary>
public sealed class FuzzTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("cola", "gj04\t1\t\tOur friends won't buy this analysis.\ngj04\t0\t*\tThe more does he say, the worse.\n", "train.tsv")]
    [InlineData("mrpc", "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t7\t8\tA \"quoted text\tAnother one\n0\t9\t10\tOne\tTwo\n", "train.tsv")]
    [InlineData("stsb", "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n0\tx\ty\t2012\t1\tn\tn\tA plane.\tA bird.\t2.500\n", "train.tsv")]
    public void Tab_separated_rows(string task, string text, string file) => Fuzz(task, file, share: 1, System.Text.Encoding.UTF8.GetBytes(text));

    [Theory]
    [InlineData(CompressionMethod.None)]
    [InlineData(CompressionMethod.Snappy)]
    [InlineData(CompressionMethod.Gzip)]
    [InlineData(CompressionMethod.Brotli)]
    [InlineData(CompressionMethod.Zstd)]
    public async Task Parquet_rows(CompressionMethod compression)
    {
        var plain = new ParquetOptions { CompressionMethod = compression };
        var encoded = new ParquetOptions
        {
            CompressionMethod = compression,
            ColumnEncodingHints = { ["sentence"] = EncodingHint.Dictionary, ["label"] = EncodingHint.DeltaBinaryPacked, ["idx"] = EncodingHint.ByteSplitStream },
        };
        // A process for each of them.
        Fuzz("cola", "train-00000-of-00001.parquet", share: 0.05, await Write(plain), await Write(encoded));

        static async Task<byte[]> Write(ParquetOptions options)
        {
            using var stream = new MemoryStream();
            var rows = Enumerable.Range(0, 40).Select(i => new ColaRow { sentence = i % 3 == 0 ? $"sentence {i}" : "the same sentence", label = i % 2, idx = i });
            await ParquetSerializer.SerializeAsync(rows, stream, options, cancellationToken: TestContext.Current.CancellationToken);
            return stream.ToArray();
        }
    }

    [Fact]
    public void Command_lines()
    {
        var random = new Random(1);
        string[] words = [.. RunOptions.All.Select(option => option.Name), "train", "compare", "figure1", "evaluate", "predict", "inspect", "merge", "submit", "--methods", "--tasks",
            "--seeds", "--jobs", "--json", "--quiet", "cola", "adalora", "1", "-1", "0", "1e999", "nan", "0-2", "5-1", ",", "", " ", "@file", "--", "-", "\0", "..", "/", "\ud83d\ude00",
            "[bold]", "{0}", new string('9', 400)];
        for (var i = 0; i < Fuzzing.Cases; i++)
        {
            using var line = new CommandLine();
            string[] arguments = [.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => words[random.Next(words.Length)])];
            var code = line.Run(i % 2 == 0 ? line.TrainArguments(arguments) : arguments);
            Assert.True(code is ExitCode.Success or ExitCode.Failure or ExitCode.BadInput, $"{code}: {string.Join(' ', arguments)}");
            Assert.True(code == ExitCode.Success || line.ErrorText.Length > 0, $"no word about {string.Join(' ', arguments)}");
            Assert.DoesNotContain("   at ", line.ErrorText, StringComparison.Ordinal);
        }
    }

    private void Fuzz(string task, string file, double share, params byte[][] samples)
    {
        var path = _folder.File(file);
        Fuzzing.Run(
            samples,
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                _ = GlueReader.Read(_folder.Path, GlueTasks.Find(task), GlueSplit.Train);
            },
            exception => exception is DataFormatException or UserInputException,
            share: share);
    }

    /// <summary>The columns of CoLA in the layout of the hub.</summary>
    private sealed class ColaRow
    {
#pragma warning disable IDE1006 // The names of the columns.
        public string? sentence { get; set; }

        public long label { get; set; }

        public int idx { get; set; }
#pragma warning restore IDE1006
    }
}
