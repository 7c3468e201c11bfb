using static TorchSharp.torch;

namespace AdaLora.Allocation;

/// <summary>
/// Which triplets were pruned at some moment, (triplets) in storage order, how many were left, and the final pattern if only its triplets were held any more.
/// </summary>
internal sealed record PatternSnapshot(Tensor Pruned, int LiveTriplets, RankPattern? Final) : IDisposable
{
    public void Dispose() => Pruned.Dispose();
}
