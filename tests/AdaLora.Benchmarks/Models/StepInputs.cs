using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>A batch as tensors.</summary>
internal sealed record StepInputs(Tensor Ids, Tensor Mask, Tensor Types, Tensor Labels) : IDisposable
{
    /// <summary>Random token ids without padding.</summary>
    public static StepInputs Random(int batch, int length) => new(
        randint(5, BenchmarkModel.Words, [batch, length], dtype: ScalarType.Int64),
        ones(batch, length, dtype: ScalarType.Int64),
        zeros(batch, length, dtype: ScalarType.Int64),
        randint(0, 2, [batch], dtype: ScalarType.Int64));

    /// <summary>The batch on a device; this one cannot be used afterwards.</summary>
    public StepInputs To(Device device)
    {
        using (this)
            return new StepInputs(Ids.to(device, copy: true), Mask.to(device, copy: true), Types.to(device, copy: true), Labels.to(device, copy: true));
    }

    public void Dispose()
    {
        foreach (var tensor in (Tensor[])[Ids, Mask, Types, Labels])
            tensor.Dispose();
    }
}
