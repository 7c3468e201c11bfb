using AdaLora.Processes;
using static TorchSharp.torch;

namespace AdaLora.Tests.Processes;

/// <summary>Three processes on paper.</summary>
internal sealed class UnusableGroup : IProcessGroup
{
    public int Rank => 0;

    public int Size => 3;

    public int LocalRank => 0;

    public void AllReduce(Tensor tensor) => throw new NotSupportedException();

    public void Broadcast(Tensor tensor, int root) => throw new NotSupportedException();

    public IReadOnlyList<byte[]> AllGather(byte[] bytes) => throw new NotSupportedException();

    public void Barrier() => throw new NotSupportedException();
}
