using AdaLora.Internals.Cpu;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>
/// Makes what a card draws at random follow from the host's generator. TorchSharp does not give out the state of CUDA's generator, so that a checkpoint cannot hold it; but it can hold the host's, from which CUDA's is seeded anew
/// before each batch.
/// </summary>
internal sealed class DeviceRandomness
{
    // Seeds are drawn as doubles, which hold such numbers exactly.
    private const double Seeds = 1L << 53;

    private readonly bool _isOnCard;

    /// <param name="parameters">What is trained.</param>
    public DeviceRandomness(IEnumerable<Tensor> parameters) => _isOnCard = parameters.Any(parameter => parameter.device_type == DeviceType.CUDA);

    /// <summary>To be called before the forward pass of each batch. Does nothing on a CPU.</summary>
    public void Reseed()
    {
        if (!_isOnCard)
            return;
        cuda.manual_seed_all(DrawSeed());
    }

    /// <summary>A number from the host's generator, which advances by one.</summary>
    internal static long DrawSeed()
    {
        using var drawn = empty(1, dtype: ScalarType.Int64, device: CPU).random_(0, Seeds);
        return HostMemory.First<long>(drawn);
    }
}
