using System.Runtime;

namespace AdaLora.Training;

/// <summary>
/// The process's region without garbage collections, shared by all trainings that want one. .NET has a single such region per process: one begun by other code is left alone, and nothing
/// here is ever an error, because without the region training simply continues as usual.
/// </summary>
internal static class NoGCRegion
{
    /// <summary>The smallest useful size.</summary>
    private const long Least = 1 << 20;

    /// <summary>The share of a region reserved for objects above 85,000 bytes, such as arrays of a batch: a quarter.</summary>
    private const int ShareOfLarge = 4;

    private static readonly object Gate = new();
    private static int _trainings;
    private static int _steps;
    private static bool _isBegun;
    private static int _collections;
    private static long _allocated;
    private static long _size;

    /// <summary>Whether a region begun here is still active. Whatever ends it early, an allocation beyond its size or <c>GC.Collect</c>, is a collection.</summary>
    public static bool IsOn
    {
        get
        {
            lock (Gate)
                return IsStillOn;
        }
    }

    private static bool IsStillOn => _isBegun && GC.CollectionCount(0) == _collections && GCSettings.LatencyMode == GCLatencyMode.NoGCRegion;

    /// <summary>Adds a training, until <see cref="Leave"/>.</summary>
    public static void Join()
    {
        lock (Gate)
            _trainings++;
    }

    /// <summary>Removes a training. The last one ends the region.</summary>
    public static void Leave()
    {
        lock (Gate)
        {
            if (--_trainings == 0)
                End();
        }
    }

    /// <summary>
    /// Called when a training begins a step. If no other is in the middle of one, it is safe to collect now: nobody reads what is garbage at this point. This is done when half of the region
    /// is used, or when it has ended.
    /// </summary>
    /// <param name="size">Maximum memory of the region, in bytes; less is used if the collector refuses that much.</param>
    public static void BeginStep(long size)
    {
        lock (Gate)
        {
            if (_steps++ == 0 && !(IsStillOn && GC.GetTotalAllocatedBytes() - _allocated <= _size / 2))
                Renew(size);
        }
    }

    /// <summary>Called when a step is done.</summary>
    public static void EndStep()
    {
        lock (Gate)
            _steps--;
    }

    private static void Renew(long size)
    {
        End();
        if (GCSettings.LatencyMode == GCLatencyMode.NoGCRegion)
            return;
        // Beginning a region collects nothing if there is room for it.
        GC.Collect(0);
        for (; size >= Least && !_isBegun; size /= 2)
            TryBegin(size);
    }

    private static void TryBegin(long size)
    {
        try
        {
            // Room is not worth a full collection, which takes long on a server's heap.
            _isBegun = GC.TryStartNoGCRegion(size, size / ShareOfLarge, disallowFullBlockingGC: true);
        }
        catch (ArgumentOutOfRangeException)
        {
            // More than the collector can guarantee.
        }
        catch (InvalidOperationException)
        {
            // Other code was faster.
        }

        (_collections, _allocated, _size) = (GC.CollectionCount(0), GC.GetTotalAllocatedBytes(), size);
    }

    private static void End()
    {
        if (IsStillOn)
        {
            try
            {
                GC.EndNoGCRegion();
            }
            catch (InvalidOperationException)
            {
                // It has just ended by itself.
            }
        }

        _isBegun = false;
    }
}
