using System.CommandLine;
using AdaLora.Experiments.Settings;

namespace AdaLora.Benchmarks;

internal static class TokenizeCommand
{
    public static Command Create()
    {
        var (material, pace) = (new MaterialOptions("sst2"), new PaceOptions(warmup: 1, rounds: 10));
        var length = ParsedOption.Number("--length", "Maximum number of tokens per text.", 128);
        return BenchmarkCommand.Create(
            "tokenize",
            "Times tokenizing the training texts of a task, on one thread and on all processors, and with the native library of the reference.",
            [.. material.All, length, .. pace.All],
            line => [TokenizeBenchmark.Run(material.Model(line), material.Data(line), material.Task(line), line.GetValue(length), pace.Bind(line))]);
    }
}
