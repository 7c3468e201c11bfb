using AdaLora.Internals.Cpu;
using AdaLora.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>
/// The random numbers of a computation, to be drawn again. On the host they are torch's next ones, which leaves the sequence as it is. The state of a card's generator is not accessible, so
/// that one is seeded before the computation.
/// </summary>
internal sealed class RepeatedRandomness
{
    private readonly long? _seed;
    private byte[]? _state;

    private RepeatedRandomness(byte[] state, long? seed) => (_state, _seed) = (state, seed);

    /// <summary>Call before the computation.</summary>
    /// <param name="device">Where it runs.</param>
    public static RepeatedRandomness Begin(Device device)
    {
        long? seed = device.type == DeviceType.CUDA ? DeviceRandomness.DrawSeed() : null;
        SeedCard(seed);
        return new RepeatedRandomness(State(), seed);
    }

    /// <summary>Call after the computation: if it has drawn nothing, there is nothing to repeat.</summary>
    public void End()
    {
        if (_state!.AsSpan().SequenceEqual(State()))
            _state = null;
    }

    /// <summary>Within the result's lifetime, the same numbers are drawn again. Afterwards the host's sequence goes on where it was.</summary>
    public IDisposable? Repeat()
    {
        SeedCard(_seed);
        if (_state is null)
            return null;
        var repetition = new Repetition(State());
        Set(_state);
        return repetition;
    }

    private static void SeedCard(long? seed)
    {
        if (seed is { } number)
            cuda.manual_seed_all(number);
    }

    private static byte[] State()
    {
        using var state = get_rng_state();
        return HostMemory.Bytes(state).ToArray();
    }

    private static void Set(byte[] state)
    {
        using var tensor = torch.tensor(state, dtype: ScalarType.Byte, device: CPU);
        set_rng_state(tensor);
    }

    private sealed class Repetition(byte[] after) : IDisposable
    {
        public void Dispose() => Set(after);
    }
}
