using AdaLora.Tests.Goldens;
using static TorchSharp.torch;

namespace AdaLora.Tests.Models;

/// <summary>A model that has only modules of given names and sizes: enough to load an adapter into, without the encoder it was made for.</summary>
internal static class NamedTree
{
    /// <summary>Builds it from the weights of a checkpoint.</summary>
    /// <param name="weights">Shapes of weights and biases by name.</param>
    /// <param name="isTransposed">Which modules keep their weight input x output.</param>
    public static nn.Module<Tensor, Tensor> Build(IReadOnlyDictionary<string, IReadOnlyList<long>> weights, Func<string, bool> isTransposed)
    {
        var leaves = weights.Keys.Where(n => n.EndsWith(".weight", StringComparison.Ordinal)).Select(n => n[..^".weight".Length]).Order(StringComparer.Ordinal);
        return Node("", leaves.ToList());

        nn.Module<Tensor, Tensor> Node(string path, List<string> below)
        {
            if (below is [var only] && only == path)
                return Leaf(path);
            var start = path.Length == 0 ? 0 : path.Length + 1;
            var children = below.GroupBy(n => n[start..].Split('.')[0], StringComparer.Ordinal);
            return nn.Sequential([.. children.Select(c => (c.Key, Node(path[..] + (start == 0 ? "" : ".") + c.Key, [.. c])))]);
        }

        nn.Module<Tensor, Tensor> Leaf(string path)
        {
            var shape = weights[path + ".weight"];
            var hasBias = weights.ContainsKey(path + ".bias");
            if (shape.Count != 2)
                return nn.LayerNorm(shape[0]);
            return isTransposed(path) ? new Conv1D(zeros([.. shape]), hasBias ? zeros(shape[1]) : null) : nn.Linear(shape[1], shape[0], hasBias);
        }
    }
}
