using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Processes.Nccl;

/// <summary>
/// Processes with an NVIDIA card each, whose tensors NCCL exchanges from card to card. Another group lets them find each other, and exchanges everything that is not on the card. Sums of 16-bit
/// numbers are computed in single precision. One thread at a time may call its members. A process that is gone ends the others through the launcher of the other group.
/// </summary>
public sealed unsafe class NcclProcessGroup : IProcessGroup, IDisposable
{
    // PyTorch's and TorchSharp's operations run on CUDA's default stream, and so wait for NCCL's there.
    private const nint DefaultStream = 0;

    private readonly IProcessGroup _others;
    private readonly NcclLibrary _library;
    private readonly Device _device;
    private nint _communicator;

    /// <summary>Lets processes find each other. Every process calls this; it returns when all have.</summary>
    /// <param name="others">Any group of the same processes, such as that of AdaLora.Mpi. Belongs to the caller.</param>
    /// <param name="device">The card of this process, such as that with the number <see cref="IProcessGroup.LocalRank"/>. No two processes may have the same one.</param>
    /// <param name="library">NCCL, by path or name; null for that of the environment variable ADALORA_NCCL_LIBRARY or, without it, for the one that the loader finds.</param>
    /// <exception cref="ArgumentException"><paramref name="device"/> is not a CUDA device.</exception>
    /// <exception cref="NcclException">NCCL is not there, or cannot connect the cards.</exception>
    public NcclProcessGroup(IProcessGroup others, Device device, string? library = null)
        : this(others, RequireCard(device), () => NcclLibrary.Load(library))
    {
    }

    /// <summary>The same with functions from elsewhere, which may work on other memory than a card's.</summary>
    internal NcclProcessGroup(IProcessGroup others, Device device, Func<NcclLibrary> library)
    {
        ArgumentNullException.ThrowIfNull(others);
        (_others, _device, _library) = (others, device, library());
        Rank = others.Rank;
        var id = default(NcclUniqueId);
        if (Rank == 0)
            _library.Check(_library.GetUniqueId(&id), "ncclGetUniqueId");
        id = NcclUniqueId.Of(others.AllGather(id.ToBytes())[0]);
        TakeDevice();
        nint communicator;
        _library.Check(_library.InitRank(&communicator, others.Size, id, Rank), "ncclCommInitRank");
        _communicator = communicator;
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size => _others.Size;

    /// <inheritdoc/>
    public int LocalRank => _others.LocalRank;

    /// <inheritdoc/>
    public TimeSpan Waited => _others.Waited;

    /// <inheritdoc/>
    public TimeSpan Transferred => _others.Transferred;

    /// <inheritdoc/>
    public void AllReduce(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (!IsHere(tensor))
        {
            _others.AllReduce(tensor);
            return;
        }

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var own = tensor.detach();
        var summed = own.dtype switch
        {
            ScalarType.Float32 or ScalarType.Float64 => own,
            ScalarType.Float16 or ScalarType.BFloat16 => own.to(ScalarType.Float32),
            var other => throw new ArgumentException($"Sums are those of floating-point numbers, not of {other}.", nameof(tensor)),
        };
        var (address, type) = (DeviceAddress.Of(summed), summed.dtype == ScalarType.Float64 ? NcclLibrary.Float64 : NcclLibrary.Float32);
        TakeDevice();
        _library.Check(_library.AllReduce(address, address, (nuint)summed.numel(), type, NcclLibrary.Sum, _communicator, DefaultStream), "ncclAllReduce");
        if (!ReferenceEquals(summed, own))
            own.copy_(summed);
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor tensor, int root)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(root);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(root, Size);
        if (!IsHere(tensor))
        {
            _others.Broadcast(tensor, root);
            return;
        }

        var (address, bytes) = (DeviceAddress.Of(tensor), tensor.numel() * tensor.element_size());
        TakeDevice();
        _library.Check(_library.Broadcast(address, address, (nuint)bytes, NcclLibrary.Byte, root, _communicator, DefaultStream), "ncclBroadcast");
    }

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> AllGather(byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        return _others.AllGather(bytes);
    }

    /// <inheritdoc/>
    public void Barrier() => _others.Barrier();

    /// <summary>Disconnects the cards. The other group remains.</summary>
    public void Dispose()
    {
        if (_communicator == 0)
            return;
        _ = _library.Destroy(_communicator);
        _communicator = 0;
    }

    private static Device RequireCard(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.type == DeviceType.CUDA ? device : throw new ArgumentException($"NCCL exchanges what is on an NVIDIA card, not on {device}.", nameof(device));
    }

    /// <exception cref="ArgumentException">The tensor is on another card, or not contiguous.</exception>
    private bool IsHere(Tensor tensor)
    {
        ObjectDisposedException.ThrowIf(_communicator == 0, this);
        if (tensor.device_type != _device.type)
            return false;
        if (tensor.device_index != _device.index && _device.type == DeviceType.CUDA)
            throw new ArgumentException($"The tensor is on {tensor.device}, but this process exchanges what is on {_device}.", nameof(tensor));
        return tensor.is_contiguous() ? true : throw new ArgumentException("The tensor is not contiguous in memory; pass tensor.contiguous().", nameof(tensor));
    }

    private void TakeDevice() => _library.Check(_library.SetDevice(Math.Max(0, _device.index)), "cudaSetDevice");
}
