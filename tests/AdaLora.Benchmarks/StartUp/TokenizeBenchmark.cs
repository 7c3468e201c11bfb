using System.Text.Json.Nodes;
using AdaLora.Glue.Tasks;
using AdaLora.TestSupport;
using AdaLora.Transformers.Tokenization;
using Tokenizers.DotNet;

namespace AdaLora.Benchmarks;

/// <summary>
/// Times tokenizing the training texts of a task: one text after the other, on all processors as training does it, and one after the other with the native library of the reference where it is
/// there for this platform.
/// </summary>
internal static class TokenizeBenchmark
{
    public static BenchmarkTable Run(string model, string data, GlueTask task, int maxLength, Pace pace)
    {
        var tokenizer = TextTokenizer.FromFolder(model);
        List<(string Text, string? Pair)> texts = [.. GlueReader.Read(data, task, GlueSplit.Train).Select(example => (example.Text, example.Pair))];
        // All keep what they make, as training does: moving it from one generation of .NET's memory to the next is a good part of the time.
        List<(string, Action)> contenders =
        [
            ("1 thread", () => texts.ConvertAll(text => tokenizer.Encode(text.Text, text.Pair, maxLength))),
            ($"all processors ({Environment.ProcessorCount})", () => tokenizer.EncodeAll(texts, maxLength)),
            ("1 thread, with places", () => texts.ConvertAll(text => tokenizer.EncodeAligned(text.Text, text.Pair, new EncodingOptions { MaxLength = maxLength }))),
        ];
        using var native = task.IsPair ? null : OpenNative(model);
        if (native is not null)
            contenders.Add(("the reference's native library (Tokenizers.DotNet), 1 thread", () => texts.ConvertAll(text => native.Encode(text.Text))));
        var timings = Turns.Take([.. contenders], pace);
        var speeds = timings.Select(t => Figure.Count("texts per second", texts.Count / t.Median * 1000));
        var rows = TimedRows.From(timings).Zip(speeds, (row, speed) => row with { Figures = [.. row.Figures, speed] });
        return new BenchmarkTable($"{texts.Count} {(task.IsPair ? "pairs" : "texts")} of {task.Folder} with the tokenizer of {NameOf(model)}", [.. rows]);
    }

    private static string NameOf(string folder) => Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));

    // Filling rows up, which the file may ask for, would be more work.
    private static Tokenizer? OpenNative(string model)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(model, "tokenizer.json");
        if (!File.Exists(path))
            return null;
        var definition = JsonNode.Parse(File.ReadAllText(path))!;
        (definition["truncation"], definition["padding"]) = (null, null);
        try
        {
            return new Tokenizer(vocabPath: folder.Write("tokenizer.json", definition.ToJsonString()));
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            return null;
        }
    }
}
