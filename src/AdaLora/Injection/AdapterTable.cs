using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>
/// Tracks which modules are adapters in place, and of which layer, and which modules carry an adapter beside them. Kept outside the modules, so that any tensor-to-tensor module can be an
/// adapter without implementing anything.
/// </summary>
internal static class AdapterTable
{
    private static readonly ConditionalWeakTable<nn.Module, nn.Module> BaseLayers = [];
    private static readonly ConditionalWeakTable<nn.Module, StrongBox<int>> Carriers = [];

    public static nn.Module? BaseLayerOf(nn.Module module) => BaseLayers.TryGetValue(module, out var layer) ? layer : null;

    public static void Add(nn.Module adapter, nn.Module baseLayer) => BaseLayers.Add(adapter, baseLayer);

    public static void Remove(nn.Module adapter) => _ = BaseLayers.Remove(adapter);

    /// <summary>Whether the module stays in the model, but has an adapter, or several for its weights.</summary>
    public static bool IsCarrier(nn.Module module) => Carriers.TryGetValue(module, out var adapters) && adapters.Value > 0;

    public static void AddCarrier(nn.Module module) => Carriers.GetOrCreateValue(module).Value++;

    public static void RemoveCarrier(nn.Module module) => Carriers.GetOrCreateValue(module).Value--;
}
