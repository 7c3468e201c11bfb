namespace AdaLora.Training;

/// <summary>One training's use of the <see cref="NoGCRegion"/>; does nothing if no size is given.</summary>
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

    /// <summary>Call when no native code is running on this thread: before a step or an evaluation.</summary>
    public void Begin()
    {
        if (_size is not { } size || _isInStep)
            return;
        NoGCRegion.BeginStep(size);
        _isInStep = true;
    }

    /// <summary>Call after the step.</summary>
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
