using AdaLora.Experiments.Reports;
using AdaLora.Transformers.Hub;
using Microsoft.Extensions.Logging;

namespace AdaLora.Experiments.Runs;

/// <summary>Finds the folder of a checkpoint that is given as a folder or by its name on the hub.</summary>
/// <param name="hub">Given a logger, returns where checkpoints that are given by name come from; null for what the environment says.</param>
internal sealed class ModelFolder(Func<ILogger, HubOptions>? hub = null)
{
    public string Of(string model, IRunReporter reporter, CancellationToken cancellationToken)
    {
        var logger = new NoteLogger(reporter);
        var options = hub?.Invoke(logger) ?? new HubOptions { Logger = logger };
        return HubCheckpoint.ResolveAsync(model, options, new DownloadBridge(reporter), cancellationToken).GetAwaiter().GetResult();
    }
}
