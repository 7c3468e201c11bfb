using AdaLora.Glue.Tasks;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Benchmarks;

/// <summary>Times tokenizing the training texts of a task: one text after the other, and on all processors as training does it.</summary>
internal static class TokenizeBenchmark
{
    public static BenchmarkTable Run(string model, string data, GlueTask task, int maxLength, Pace pace)
    {
        var tokenizer = TextTokenizer.FromFolder(model);
        List<(string Text, string? Pair)> texts = [.. GlueReader.Read(data, task, GlueSplit.Train).Select(example => (example.Text, example.Pair))];
        var timings = Turns.Take(
            [
                ("1 thread", () => texts.ForEach(text => tokenizer.Encode(text.Text, text.Pair, maxLength))),
                ($"all processors ({Environment.ProcessorCount})", () => tokenizer.EncodeAll(texts, maxLength)),
            ],
            pace);
        var speeds = timings.Select(t => Figure.Count("texts per second", texts.Count / t.Median * 1000));
        var rows = TimedRows.From(timings).Zip(speeds, (row, speed) => row with { Figures = [.. row.Figures, speed] });
        return new BenchmarkTable($"{texts.Count} {(task.IsPair ? "pairs" : "texts")} of {task.Folder} with the tokenizer of {NameOf(model)}", [.. rows]);
    }

    private static string NameOf(string folder) => Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
}
