namespace AdaLora.Internals;

/// <summary>
/// Where the backward passes of one training store an exception, which must not escape them, until <see cref="ThrowIfAny"/>. Nodes hold the one of their training: the thread that runs a
/// backward pass does not identify it, since a GPU's backward pass has its own thread.
/// </summary>
internal sealed class BackwardFailure
{
    [ThreadStatic]
    private static BackwardFailure? _ofThread;

    private Exception? _first;

    /// <summary>For nodes that belong to no model: that of the thread that runs the forward pass.</summary>
    public static BackwardFailure OfThread => _ofThread ??= new();

    /// <summary>Keeps the exception if it is the first.</summary>
    public void Note(Exception exception) => Interlocked.CompareExchange(ref _first, exception, null);

    /// <summary>Throws if a backward pass has failed since the last call.</summary>
    /// <exception cref="InvalidOperationException">One has failed; the reason is the inner exception.</exception>
    public void ThrowIfAny()
    {
        if (Interlocked.Exchange(ref _first, null) is { } failure)
            throw new InvalidOperationException($"A backward pass failed, so gradients are missing: {failure.Message}", failure);
    }
}
