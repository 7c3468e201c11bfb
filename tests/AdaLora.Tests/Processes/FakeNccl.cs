using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using AdaLora.Processes.Nccl;

namespace AdaLora.Tests.Processes;

/// <summary>NCCL's functions between threads, on the host's memory: what a card would do is left out, what is passed to it is not.</summary>
internal sealed unsafe class FakeNccl : IDisposable
{
    private static readonly nint Text = Marshal.StringToCoTaskMemUTF8("a refusal of the test");

    // Functions that native code could call know nothing but their arguments; one test at a time.
    private static FakeNccl? _current;

    private readonly Barrier _barrier;
    private readonly nint[] _addresses;
    private readonly byte[] _secret = [.. Enumerable.Range(0, NcclUniqueId.Length).Select(i => (byte)(i * 7))];

    public FakeNccl(int size)
    {
        (_barrier, _addresses) = (new Barrier(size), new nint[size]);
        _current = this;
    }

    /// <summary>Returned by ncclCommInitRank.</summary>
    public int Refusal { get; init; }

    /// <summary>Calls of ncclAllReduce and ncclBroadcast on all threads.</summary>
    public int Collectives { get; private set; }

    public NcclLibrary Library { get; } = new()
    {
        GetUniqueId = &GetUniqueId,
        InitRank = &InitRank,
        AllReduce = &AllReduce,
        Broadcast = &Broadcast,
        Destroy = &Destroy,
        ErrorText = &ErrorText,
        SetDevice = &SetDevice,
    };

    public void Dispose()
    {
        _current = null;
        _barrier.Dispose();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GetUniqueId(NcclUniqueId* id)
    {
        *id = NcclUniqueId.Of(_current!._secret);
        return 0;
    }

    // A communicator is 1 + the rank.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int InitRank(nint* communicator, int size, NcclUniqueId id, int rank)
    {
        *communicator = 1 + rank;
        return !id.ToBytes().SequenceEqual(_current!._secret) || size != _current._addresses.Length ? 4 : _current.Refusal;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AllReduce(nint from, nint to, nuint count, int type, int operation, nint communicator, nint stream)
    {
        if (from != to || operation != NcclLibrary.Sum || stream != 0)
            return 4;
        return type == NcclLibrary.Float32 ? Sum<float>(to, (int)count, communicator) : type == NcclLibrary.Float64 ? Sum<double>(to, (int)count, communicator) : 4;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Broadcast(nint from, nint to, nuint count, int type, int root, nint communicator, nint stream)
    {
        if (from != to || type != NcclLibrary.Byte || stream != 0)
            return 4;
        return Meet(to, communicator, () => new Span<byte>((void*)_current!._addresses[root], (int)count).ToArray(), (int)count);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Destroy(nint communicator) => 0;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte* ErrorText(int code) => (byte*)Text;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SetDevice(int device) => device;

    private static int Sum<T>(nint to, int count, nint communicator)
        where T : unmanaged, System.Numerics.INumber<T> =>
        Meet(
            to,
            communicator,
            () =>
            {
                var sums = new Span<T>((void*)_current!._addresses[0], count).ToArray();
                foreach (var address in _current._addresses.Skip(1))
                {
                    for (var i = 0; i < count; i++)
                        sums[i] += ((T*)address)[i];
                }

                return sums;
            },
            count);

    private static int Meet<T>(nint to, nint communicator, Func<T[]> result, int count)
        where T : unmanaged
    {
        var nccl = _current!;
        nccl._addresses[communicator - 1] = to;
        nccl._barrier.SignalAndWait();
        var all = result();
        nccl._barrier.SignalAndWait();
        all.AsSpan().CopyTo(new Span<T>((void*)to, count));
        if (communicator == 1)
            nccl.Collectives++;
        nccl._barrier.SignalAndWait();
        return 0;
    }
}
