using System.Globalization;
using System.Text;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Processes;

/// <summary>Named tensors that process 0 has and the others get.</summary>
internal static class StateExchange
{
    /// <summary>Called by process 0 with what it has, which may be nothing.</summary>
    public static void Send(IProcessGroup group, IReadOnlyDictionary<string, Tensor>? tensors)
    {
        var list = tensors?.ToList() ?? [];
        group.AllGather(Encoding.UTF8.GetBytes(string.Join('\n', list.Select(t => Describe(t.Key, t.Value)))));
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (_, value) in list)
            group.Broadcast(HostRead.Copy(value.detach()), root: 0);
    }

    /// <summary>Called by the others.</summary>
    /// <returns>The tensors, in the host's memory, which the caller owns; null if process 0 has none.</returns>
    public static Dictionary<string, Tensor>? Receive(IProcessGroup group)
    {
        var text = Encoding.UTF8.GetString(group.AllGather([])[0]);
        if (text.Length == 0)
            return null;
        using var noGrad = no_grad();
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n'))
        {
            var parts = line.Split('\t');
            var value = empty([.. parts[2].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(n => long.Parse(n, CultureInfo.InvariantCulture))], Enum.Parse<ScalarType>(parts[1]), device: CPU);
            tensors.Add(parts[0], value.DetachFromDisposeScope());
            group.Broadcast(value, root: 0);
        }

        return tensors;
    }

    private static string Describe(string name, Tensor value) => $"{name}\t{value.dtype}\t{string.Join(',', value.shape)}";
}
