using System.Collections;
using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace AdaLora.Training.Data;

/// <summary>Enumerates a sequence on its own thread, a bounded number of elements ahead.</summary>
internal sealed class PrefetchingEnumerator<TBatch>(IEnumerator<TBatch> source, int ahead) : IEnumerator<TBatch>
{
    private readonly BlockingCollection<TBatch> _ready = new(ahead);
    private readonly CancellationTokenSource _stop = new();
    private Task? _producer;
    private ExceptionDispatchInfo? _fault;
    private TBatch? _current;
    private bool _isDisposed;

    public TBatch Current => _current!;

    object? IEnumerator.Current => Current;

    public bool MoveNext()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        // A dedicated thread, because it waits most of the time.
        _producer ??= Task.Factory.StartNew(Produce, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        if (_ready.TryTake(out _current, Timeout.Infinite))
            return true;
        // Everything before the fault has been consumed, just as it would have been without a thread.
        _fault?.Throw();
        return false;
    }

    public void Reset() => throw new NotSupportedException();

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _stop.Cancel();
        _producer?.Wait();
        source.Dispose();
        _ready.Dispose();
        _stop.Dispose();
    }

    private void Produce()
    {
        try
        {
            while (!_stop.IsCancellationRequested && source.MoveNext())
                _ready.Add(source.Current, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Nobody will take the rest.
        }
        catch (Exception fault)
        {
            _fault = ExceptionDispatchInfo.Capture(fault);
        }
        finally
        {
            _ready.CompleteAdding();
        }
    }
}
