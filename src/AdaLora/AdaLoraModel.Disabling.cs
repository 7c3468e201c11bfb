namespace AdaLora;

/// <content>The model without its adapters.</content>
public sealed partial class AdaLoraModel
{
    /// <summary>Disables all adapters until the returned scope is disposed: the model computes what it did before it was adapted.</summary>
    /// <exception cref="InvalidOperationException">The adapters are merged and so cannot be left out.</exception>
    public IDisposable DisableAdapters()
    {
        using var guard = _activity.Gate.Change("switched off");
        RequireUnmerged("switched off");
        return new DisabledScope(this, _activity.Enabled ? _buffers.PutBackForAWhile() : null);
    }

    private sealed class DisabledScope : IDisposable
    {
        private readonly AdaLoraModel _adapted;
        private readonly bool _before;
        private IDisposable? _buffers;

        public DisabledScope(AdaLoraModel adapted, IDisposable? buffers)
        {
            _adapted = adapted;
            _buffers = buffers;
            _before = adapted._activity.Enabled;
            adapted._activity.Enabled = false;
            adapted.WriteWeights();
        }

        public void Dispose()
        {
            _adapted._activity.Enabled = _before;
            if (!_adapted._isFreed)
                _adapted.WriteWeights();
            _buffers?.Dispose();
            _buffers = null;
        }
    }
}
