using AdaLora.Internals.Cpu;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>
/// Derives a GPU's random numbers from the host's generator. TorchSharp does not expose the state of CUDA's generator, so a checkpoint cannot hold it; but it can hold the host's, from which
/// CUDA's is reseeded before each batch.
/// </summary>
internal sealed class DeviceRandomness
{
    // Seeds are drawn as doubles, which represent such numbers exactly.
    private const double Seeds = 1L << 53;

    private readonly bool _isOnCard;

    /// <param name="parameters">The trained parameters.</param>
    public DeviceRandomness(IEnumerable<Tensor> parameters) => _isOnCard = parameters.Any(parameter => parameter.device_type == DeviceType.CUDA);

    /// <summary>Call before the forward pass of each batch. Does nothing on a CPU.</summary>
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
