using AdaLora.Experiments.Reports;
using AdaLora.Transformers.Hub;

namespace AdaLora.Experiments.Runs;

/// <summary>Passes on a download's progress at once, not through a queue that could fall behind the run.</summary>
internal sealed class DownloadBridge(IRunReporter reporter) : IProgress<DownloadProgress>
{
    public void Report(DownloadProgress value) => reporter.Downloading(value.File, value.ReceivedBytes, value.TotalBytes);
}
