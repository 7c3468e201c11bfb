using static TorchSharp.torch;

namespace AdaLora.Initialization;

/// <summary>Something other than chance that P and Q start from.</summary>
internal interface IStartingPoint
{
    /// <summary>What the layers start from. The tensors belong to the caller's dispose scope, and the model stays as it is.</summary>
    StartingTriplets Find(nn.Module model, IReadOnlyList<StartingLayer> layers);
}
