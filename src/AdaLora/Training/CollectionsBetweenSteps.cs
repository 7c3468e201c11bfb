namespace AdaLora.Training;

/// <summary>What one training does with the <see cref="NoGCRegion"/>: nothing at all without a size.</summary>
internal sealed class CollectionsBetweenSteps : IDisposable
{
    private readonly long? _size;
    private bool _isInStep;

    /// <param name="megabytes">Size of the region; null for none.</param>
    public CollectionsBetweenSteps(int? megabytes)
    {
        _size = megabytes is { } number ? (long)number << 20 : null;
        if (_size is not null)
            NoGCRegion.Join();
    }

    /// <summary>To be called when nothing native is under way on this thread: before a step, an evaluation included.</summary>
    public void Begin()
    {
        if (_size is not { } size || _isInStep)
            return;
        NoGCRegion.BeginStep(size);
        _isInStep = true;
    }

    /// <summary>To be called after the step.</summary>
    public void End()
    {
        if (!_isInStep)
            return;
        _isInStep = false;
        NoGCRegion.EndStep();
    }

    public void Dispose()
    {
        End();
        if (_size is not null)
            NoGCRegion.Leave();
    }
}
