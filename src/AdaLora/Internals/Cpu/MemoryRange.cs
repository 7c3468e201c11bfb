using static TorchSharp.torch;

namespace AdaLora.Internals.Cpu;

/// <summary>
/// The memory range of a tensor's entries. Two tensors may share memory although their handles differ: tying weights gives two parameters one storage, and so do views.
/// </summary>
/// <param name="Start">Address of the first byte, on whatever device.</param>
/// <param name="End">Address after the last byte.</param>
internal readonly record struct MemoryRange(nint Start, nint End)
{
    /// <summary>The range of a tensor, valid while it lives, or null if unknown: for tensors that have no entries, have no memory (meta), or are sparse.</summary>
    public static MemoryRange? Of(Tensor tensor)
    {
        if (tensor.is_sparse || tensor.numel() == 0 || new Address(tensor).data_ptr() is not (not 0 and var storage))
            return null;
        var size = tensor.element_size();
        var last = tensor.shape.Zip(tensor.stride(), (length, stride) => (length - 1) * stride).Sum();
        var start = storage + (nint)(tensor.storage_offset() * size);
        return new MemoryRange(start, start + (nint)((last + 1) * size));
    }

    /// <summary>Whether writing to one can change the other.</summary>
    public bool Overlaps(MemoryRange other) => Start < other.End && other.Start < End;

    /// <summary>Whether another range is entirely within this one.</summary>
    public bool Contains(MemoryRange other) => Start <= other.Start && other.End <= End;

    /// <summary>Whether two tensors share memory, in whole or in part.</summary>
    public static bool IsShared(Tensor one, Tensor other) => one.Handle == other.Handle || (Of(one) is { } a && Of(other) is { } b && a.Overlaps(b));

    /// <summary>Total number of entries of tensors, where those that lie within another tensor count once.</summary>
    public static long CountEntries(IEnumerable<Tensor> tensors)
    {
        var ranges = tensors.DistinctBy(t => t.Handle).Select(t => (Range: Of(t), Entries: t.numel())).ToList();
        var count = ranges.Where(r => r.Range is null).Sum(r => r.Entries);
        nint covered = 0;
        foreach (var (range, entries) in ranges.Where(r => r.Range is not null).OrderBy(r => r.Range!.Value.Start).ThenByDescending(r => r.Range!.Value.End))
        {
            if (range!.Value.End <= covered)
                continue;
            covered = range.Value.End;
            count += entries;
        }

        return count;
    }

    private sealed class Address(Tensor tensor) : Storage(tensor)
    {
        public override int element_size() => (int)_tensor.element_size();
    }
}
