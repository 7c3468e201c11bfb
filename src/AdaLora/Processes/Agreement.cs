using System.Runtime.InteropServices;

namespace AdaLora.Processes;

/// <summary>What the processes of a group decide together, from what each of them knows. One process alone decides at no cost.</summary>
internal static class Agreement
{
    /// <summary>Whether it holds on any process.</summary>
    public static bool Any(this IProcessGroup group, bool here) =>
        group.Size == 1 ? here : group.AllGather([here ? (byte)1 : (byte)0]).Any(bytes => bytes[0] != 0);

    /// <summary>The number of process 0.</summary>
    public static double OfFirst(this IProcessGroup group, double here) => group.Size == 1 ? here : group.Gather([here])[0][0];

    /// <summary>The numbers of process 0.</summary>
    public static double[] OfFirst(this IProcessGroup group, double[] here) => group.Size == 1 ? here : group.Gather(group.Rank == 0 ? here : [])[0];

    /// <summary>The sums over the processes, in the order of their ranks.</summary>
    public static (double First, double Second) Sum(this IProcessGroup group, (double First, double Second) here)
    {
        if (group.Size == 1)
            return here;
        var all = group.Gather([here.First, here.Second]);
        return (all.Sum(numbers => numbers[0]), all.Sum(numbers => numbers[1]));
    }

    private static List<double[]> Gather(this IProcessGroup group, double[] here) =>
        [.. group.AllGather(MemoryMarshal.AsBytes(here.AsSpan()).ToArray()).Select(bytes => MemoryMarshal.Cast<byte, double>(bytes).ToArray())];
}
