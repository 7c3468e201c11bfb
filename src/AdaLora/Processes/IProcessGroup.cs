using static TorchSharp.torch;

namespace AdaLora.Processes;

/// <summary>
/// The processes that train one model together. Every process calls the same members in the same order, with tensors of the same shape and element type; a member returns once the others
/// have called it as well. What a member gives is the same on all processes, bit for bit: masks, ranks and weights stay equal because they are computed from equal numbers, and nothing compares them.
/// </summary>
public interface IProcessGroup
{
    /// <summary>The number of this process, from 0 to <see cref="Size"/> - 1. Process 0 logs and reports.</summary>
    int Rank { get; }

    /// <summary>How many processes there are, at least 1.</summary>
    int Size { get; }

    /// <summary>The number of this process among those on the same machine, from 0: which of its devices to use.</summary>
    int LocalRank { get; }

    /// <summary>Replaces the tensor by the sum of those of all processes, in place.</summary>
    /// <param name="tensor">Contiguous, of a floating-point type, on the process's device.</param>
    void AllReduce(Tensor tensor);

    /// <summary>Replaces the tensor by that of one process, in place.</summary>
    /// <param name="tensor">Contiguous, on the process's device.</param>
    /// <param name="root">The rank of that process.</param>
    void Broadcast(Tensor tensor, int root);

    /// <summary>Collects bytes from all processes.</summary>
    /// <param name="bytes">Those of this process, any number of them.</param>
    /// <returns>Those of every process, by rank.</returns>
    IReadOnlyList<byte[]> AllGather(byte[] bytes);

    /// <summary>Waits until all processes have called this.</summary>
    void Barrier();

    /// <summary>Time that this process has spent waiting for others to call the same member, as far as the group measures it; not negative.</summary>
    TimeSpan Waited => TimeSpan.Zero;

    /// <summary>Time that this process has spent exchanging data once all were there, as far as the group measures it; not negative.</summary>
    TimeSpan Transferred => TimeSpan.Zero;
}
