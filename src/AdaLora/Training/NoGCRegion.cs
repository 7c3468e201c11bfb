using System.Runtime;

namespace AdaLora.Training;

/// <summary>
/// The process's region without garbage collections, shared by all trainings that want one. .NET has one region at a time for the whole process: one that somebody else has begun is left alone, and nothing here is ever an error,
/// because without the region a training goes on as it would have anyway.
/// </summary>
internal static class NoGCRegion
{
    /// <summary>Below this much there is no point.</summary>
    private const long Least = 1 << 20;

    /// <summary>The part of a region that is meant for objects above 85,000 bytes, such as arrays of a batch: a quarter.</summary>
    private const int ShareOfLarge = 4;

    private static readonly object Gate = new();
    private static int _trainings;
    private static int _steps;
    private static bool _isBegun;
    private static int _collections;
    private static long _allocated;
    private static long _size;

    /// <summary>Whether a region that was begun here is still on. Whatever ends one before its time, an allocation beyond it or <c>GC.Collect</c>, is a collection.</summary>
    public static bool IsOn
    {
        get
        {
            lock (Gate)
                return IsStillOn;
        }
    }

    private static bool IsStillOn => _isBegun && GC.CollectionCount(0) == _collections && GCSettings.LatencyMode == GCLatencyMode.NoGCRegion;

    /// <summary>One more training takes part, until <see cref="Leave"/>.</summary>
    public static void Join()
    {
        lock (Gate)
            _trainings++;
    }

    /// <summary>A training has ended. The last one ends the region.</summary>
    public static void Leave()
    {
        lock (Gate)
        {
            if (--_trainings == 0)
                End();
        }
    }

    /// <summary>
    /// A training begins a step. If no other one is in the middle of one, this is the moment to collect: what is garbage now is read by nobody. It is used when half of the region is, or when it has ended.
    /// </summary>
    /// <param name="size">Most memory the region may take, in bytes; less is taken where the collector refuses that much.</param>
    public static void BeginStep(long size)
    {
        lock (Gate)
        {
            if (_steps++ == 0 && !(IsStillOn && GC.GetTotalAllocatedBytes() - _allocated <= _size / 2))
                Renew(size);
        }
    }

    /// <summary>A step is done.</summary>
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
        // Beginning a region collects nothing where there is room for it.
        GC.Collect(0);
        for (; size >= Least && !_isBegun; size /= 2)
            TryBegin(size);
    }

    private static void TryBegin(long size)
    {
        try
        {
            // A full collection, which the heap of a server makes long, is no price for room.
            _isBegun = GC.TryStartNoGCRegion(size, size / ShareOfLarge, disallowFullBlockingGC: true);
        }
        catch (ArgumentOutOfRangeException)
        {
            // More than the collector can promise.
        }
        catch (InvalidOperationException)
        {
            // Somebody else was faster.
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
                // It ended by itself just now.
            }
        }

        _isBegun = false;
    }
}
