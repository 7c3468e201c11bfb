using System.CommandLine;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Settings;
using AdaLora.TestSupport;

namespace AdaLora.Benchmarks;

/// <summary>A training for several programs, on the command line.</summary>
internal sealed class PeerOptions(string task, int length)
{
    private readonly MaterialOptions _material = new(task);
    private readonly Option<string?> _peers = new("--peers") { Description = "The folder of PEFT's Python packages; without it, PEFT is skipped.", HelpName = "DIR" };
    private readonly Option<IReadOnlyList<string>> _methods = ListOptions.Names("--method", "What to compare", [TrainingMethods.AdaLora.Name, TrainingMethods.Lora.Name], TrainingMethods.AdaLora.Name);
    private readonly Option<int> _seed = ParsedOption.Number("--seed", "Seed of all randomness.", 1);
    private readonly Option<int> _batch = ParsedOption.Number("--batch", "Texts per step.", 32);
    private readonly Option<int> _length = ParsedOption.Number("--length", "Tokens per text: at most, or always where blocks of steps are measured.", length);
    private readonly Option<double> _dropout = WorkloadOptions.Dropout();
    private readonly Option<int> _threads = PaceOptions.Threads();
    private readonly Option<string> _trainArguments = new("--train-arguments")
    {
        Description = "More arguments for AdaLora.Glue train, given with an equals sign, such as --train-arguments=--group-by-length.",
        HelpName = "TEXT",
        DefaultValueFactory = _ => "",
    };

    public IEnumerable<Option> All => [_peers, .. _material.All, _methods, _seed, _batch, _length, _dropout, _threads, _trainArguments];

    public OwnProgram Own(ParseResult line) => new(line.GetValue(_trainArguments)!.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    public string Model(ParseResult line) => _material.Model(line);

    /// <exception cref="SkippedException">It is not there.</exception>
    public PeftProgram Peft(ParseResult line) => PeftProgram.Find(line.GetValue(_peers), RepositoryFolders.Shared);

    /// <summary>Runs a comparison for every requested method, on a checkpoint with the requested dropout.</summary>
    public IEnumerable<BenchmarkTable> Compare(ParseResult line, Func<PeerWork, BenchmarkTable> run)
    {
        var dropout = line.GetValue(_dropout);
        using var checkpoint = new DropoutFolder(_material.Model(line), dropout);
        foreach (var method in line.GetRequiredValue(_methods))
        {
            yield return run(new PeerWork
            {
                Task = _material.Task(line),
                Data = _material.Data(line),
                Model = checkpoint.Path,
                Method = method,
                Seed = line.GetValue(_seed),
                Batch = line.GetValue(_batch),
                Length = line.GetValue(_length),
                Dropout = dropout,
                Threads = line.GetValue(_threads),
            });
        }
    }
}
