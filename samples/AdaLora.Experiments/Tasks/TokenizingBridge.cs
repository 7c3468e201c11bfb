using AdaLora.Experiments.Reports;

namespace AdaLora.Experiments.Tasks;

/// <summary>Passes on how many texts of a file are tokenized.</summary>
internal sealed class TokenizingBridge(IRunReporter reporter, string file, int total) : IProgress<int>
{
    public void Report(int value) => reporter.Tokenizing(file, value, total);
}
