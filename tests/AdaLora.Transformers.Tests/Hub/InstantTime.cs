using System.Collections.Concurrent;

namespace AdaLora.Transformers.Tests.Hub;

/// <summary>A clock on which every wait is over at once, and which remembers how long it would have been.</summary>
internal sealed class InstantTime : TimeProvider
{
    public ConcurrentQueue<TimeSpan> Waits { get; } = new();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime >= TimeSpan.Zero)
            Waits.Enqueue(dueTime);
        return System.CreateTimer(callback, state, dueTime < TimeSpan.Zero ? dueTime : TimeSpan.Zero, period);
    }
}
