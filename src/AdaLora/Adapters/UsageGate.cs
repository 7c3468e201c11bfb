namespace AdaLora.Adapters;

/// <summary>
/// Separates what two threads must not do with one adapted model at the same time. Memory freed by one while libtorch reads it for the other would crash the process; so passes through
/// adapters and operations that replace or free their tensors wait for each other, and while a trainer's Fit runs, other threads are refused everything but passes and reports.
/// </summary>
internal sealed class UsageGate
{
    private readonly ReaderWriterLockSlim _lock = new(LockRecursionPolicy.SupportsRecursion);
    private int _trainingThread;

    private static int This => Environment.CurrentManagedThreadId;

    /// <summary>Hold while tensors are read; any number of threads may.</summary>
    public Passage Read()
    {
        _lock.EnterReadLock();
        return new Passage(this, isChange: false);
    }

    /// <summary>Hold while tensors are replaced, freed or written.</summary>
    /// <param name="wish">What is to be done, for the message.</param>
    /// <exception cref="InvalidOperationException">The model is being trained on another thread, or this thread is within a pass through an adapter.</exception>
    public Passage Change(string wish)
    {
        if (_lock is { IsReadLockHeld: true, IsWriteLockHeld: false })
            throw new InvalidOperationException($"The adapters cannot be {wish} during a pass through one of them.");
        _lock.EnterWriteLock();
        if (Volatile.Read(ref _trainingThread) is var trains and not 0 && trains != This)
        {
            _lock.ExitWriteLock();
            throw new InvalidOperationException($"The adapters cannot be {wish}: they are being trained on another thread. Wait until {nameof(AdaLora.Training.Trainer)}.{nameof(AdaLora.Training.Trainer.Fit)} has returned.");
        }

        return new Passage(this, isChange: true);
    }

    /// <summary>Hold during a whole training.</summary>
    /// <exception cref="InvalidOperationException">Another thread is training the model.</exception>
    public IDisposable Train()
    {
        using var change = Change("trained");
        var outer = _trainingThread;
        Volatile.Write(ref _trainingThread, This);
        return new TrainingHold(this, outer);
    }

    /// <summary>A hold that lasts until it is disposed, on the thread that took it.</summary>
    public readonly struct Passage(UsageGate gate, bool isChange) : IDisposable
    {
        public void Dispose()
        {
            if (isChange)
                gate._lock.ExitWriteLock();
            else
                gate._lock.ExitReadLock();
        }
    }

    private sealed class TrainingHold(UsageGate gate, int outer) : IDisposable
    {
        public void Dispose() => Volatile.Write(ref gate._trainingThread, outer);
    }
}
