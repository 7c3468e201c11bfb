using System.Runtime.InteropServices;

namespace AdaLora.Processes.Nccl;

/// <summary>What process 0 gives the others, so that they find each other.</summary>
[StructLayout(LayoutKind.Sequential, Size = Length)]
internal struct NcclUniqueId
{
    public const int Length = 128;

    private readonly byte _first;

    public static NcclUniqueId Of(ReadOnlySpan<byte> bytes) => MemoryMarshal.Read<NcclUniqueId>(bytes);

    public unsafe byte[] ToBytes()
    {
        fixed (byte* first = &_first)
            return new ReadOnlySpan<byte>(first, Length).ToArray();
    }
}
