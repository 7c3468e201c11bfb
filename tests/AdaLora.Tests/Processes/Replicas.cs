using AdaLora.Targeting;

namespace AdaLora.Tests.Processes;

/// <summary>The same model for each member of a group.</summary>
internal sealed class Replicas(int size, AttachmentMethod attachment = AttachmentMethod.Automatic) : IDisposable
{
    // Created one after the other: weights are drawn from the generator of the process.
    private readonly List<Replica> _all = [.. Enumerable.Range(0, size).Select(_ => new Replica(attachment))];

    public Replica this[int rank] => _all[rank];

    public void Dispose() => _all.ForEach(replica => replica.Dispose());
}
