using AdaLora.Adapters;

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
        return new DisabledScope(_activity, _activity.Enabled ? _buffers.PutBackForAWhile() : null);
    }

    private sealed class DisabledScope : IDisposable
    {
        private readonly AdapterActivity _activity;
        private readonly bool _before;
        private IDisposable? _buffers;

        public DisabledScope(AdapterActivity activity, IDisposable? buffers)
        {
            _activity = activity;
            _buffers = buffers;
            _before = activity.Enabled;
            activity.Enabled = false;
        }

        public void Dispose()
        {
            _activity.Enabled = _before;
            _buffers?.Dispose();
            _buffers = null;
        }
    }
}
