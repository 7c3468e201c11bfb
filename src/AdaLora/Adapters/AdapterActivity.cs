using AdaLora.Adapters.Dropout;
using AdaLora.Internals;

namespace AdaLora.Adapters;

/// <summary>What the adapters of one model share while it runs: whether they are enabled, and what to check when the model is put into evaluation mode.</summary>
internal sealed class AdapterActivity
{
    /// <summary>Whether adapters add their product to the output of their base layer.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Lets adapters share dropout masks; null if each draws its own.</summary>
    public DropoutSharing? Sharing { get; init; }

    /// <summary>What adapters on a device compute their products from; null until the adapters of the model are known.</summary>
    public SharedFactors? Factors { get; set; }

    /// <summary>Everything two threads do with the model at the same time passes through here.</summary>
    public UsageGate Gate { get; } = new();

    /// <summary>Where backward passes through the adapters store an exception.</summary>
    public BackwardFailure Failure { get; } = new();

    /// <summary>Called when an adapter runs in training mode for the first time.</summary>
    public Action? StartedTraining { get; set; }

    /// <summary>Ends a forward pass: what comes next shares nothing with what came before.</summary>
    public void EndPass()
    {
        Sharing?.Forget();
        Factors?.Forget();
    }

    /// <summary>Called when an adapter leaves training mode; throws if the allocator was forgotten.</summary>
    public Action? LeavingTraining { get; set; }
}
