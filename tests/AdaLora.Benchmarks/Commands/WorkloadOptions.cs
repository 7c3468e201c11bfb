using System.CommandLine;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;

namespace AdaLora.Benchmarks;

/// <summary>Models and the sizes of their batches, on the command line.</summary>
internal sealed class WorkloadOptions
{
    private readonly Option<string?> _model = new("--model") { Description = "A checkpoint folder; random weights of --shape if omitted.", HelpName = "DIR" };
    private readonly Option<string> _shape = ParsedOption.Create("--shape", $"The shape of random weights: {string.Join(" or ", BenchmarkModel.Shapes.Keys)}.", "NAME", ParseShape);
    private readonly Option<IReadOnlyList<int>> _batch = ListOptions.Numbers("--batch", "Texts per step.", 32);
    private readonly Option<IReadOnlyList<int>> _length = ListOptions.Numbers("--length", "Tokens per text.", 64);
    private readonly Option<double> _dropout = Dropout();
    private readonly Option<IReadOnlyList<string>> _elementTypes = ListOptions.ElementTypesOption();

    public WorkloadOptions() => _shape.DefaultValueFactory = _ => "bert-base";

    public IEnumerable<Option> All => [_model, _shape, _batch, _length, _dropout, _elementTypes];

    public static Option<double> Dropout() => ParsedOption.Number("--dropout", "Dropout before the adapters; 0 also switches off the encoder's, which otherwise is that of the checkpoint.", 0.1);

    /// <summary>Measures every requested combination.</summary>
    public IEnumerable<BenchmarkTable> Measure(ParseResult line, Func<Workload, BenchmarkTable> run)
    {
        var dropout = line.GetValue(_dropout);
        using var checkpoint = line.GetValue(_model) is { } folder ? new DropoutFolder(Existing(folder), dropout) : null;
        var model = checkpoint is null ? BenchmarkModel.OfShape(line.GetRequiredValue(_shape), dropout == 0 ? 0 : null) : BenchmarkModel.OfCheckpoint(checkpoint.Path);
        foreach (var type in line.GetRequiredValue(_elementTypes))
        {
            foreach (var batch in line.GetRequiredValue(_batch))
            {
                foreach (var length in line.GetRequiredValue(_length))
                    yield return run(new Workload(model, batch, length, dropout, ElementTypes.Of(type)));
            }
        }
    }

    public static string Existing(string folder) => Directory.Exists(folder) ? folder : throw new UserInputException($"The checkpoint folder '{folder}' does not exist.");

    private static string ParseShape(string text) =>
        BenchmarkModel.Shapes.ContainsKey(text) ? text : throw new UserInputException($"'{text}' is not one of {string.Join(", ", BenchmarkModel.Shapes.Keys)}.");
}
