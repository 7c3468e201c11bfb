using System.CommandLine;
using AdaLora.Experiments.Settings;

namespace AdaLora.Benchmarks;

/// <summary>How long to measure, on the command line.</summary>
internal sealed class PaceOptions(int warmup = 5, int rounds = 30)
{
    private readonly Option<int> _warmup = ParsedOption.Number("--warmup", "Rounds that are not counted.", warmup);
    private readonly Option<int> _rounds = ParsedOption.Number("--rounds", "Rounds that are counted.", rounds);
    private readonly Option<int> _threads = Threads();

    public IEnumerable<Option> All => [_warmup, _rounds, _threads];

    public static Option<int> Threads() => ParsedOption.Number("--threads", "Processor threads.", 2);

    public Pace Bind(ParseResult line) => new(Math.Max(0, line.GetValue(_warmup)), Math.Max(1, line.GetValue(_rounds)), line.GetValue(_threads));
}
