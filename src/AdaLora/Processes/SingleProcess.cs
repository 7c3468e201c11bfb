using static TorchSharp.torch;

namespace AdaLora.Processes;

/// <summary>A group of one: sums are the terms, and nobody is waited for.</summary>
internal sealed class SingleProcess : IProcessGroup
{
    public int Rank => 0;

    public int Size => 1;

    public int LocalRank => 0;

    public void AllReduce(Tensor tensor)
    {
    }

    public void Broadcast(Tensor tensor, int root)
    {
    }

    public IReadOnlyList<byte[]> AllGather(byte[] bytes) => [bytes];

    public void Barrier()
    {
    }
}
