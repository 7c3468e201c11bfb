using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>
/// Tracks which modules are adapters in place, and of which layer. Kept outside the modules, so that any tensor-to-tensor module can be an adapter
/// without implementing anything.
/// </summary>
internal static class AdapterTable
{
    private static readonly ConditionalWeakTable<nn.Module, nn.Module> BaseLayers = [];

    public static nn.Module? BaseLayerOf(nn.Module module) => BaseLayers.TryGetValue(module, out var layer) ? layer : null;

    public static void Add(nn.Module adapter, nn.Module baseLayer) => BaseLayers.Add(adapter, baseLayer);

    public static void Remove(nn.Module adapter) => _ = BaseLayers.Remove(adapter);
}
