using AdaLora.Safetensors;
using AdaLora.Transformers.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Loading;

/// <summary>How a checkpoint is loaded, apart from what it is loaded into.</summary>
public sealed record PretrainedOptions
{
    /// <summary>Where the model goes. Null, the default: the CPU.</summary>
    public Device? Device { get; init; }

    /// <summary>
    /// The element type of the weights: float16, bfloat16, float32 (the default) or float64, whatever the checkpoint has. The model is created in it and filled tensor by tensor, so that
    /// there is never a copy in another type. As in the reference, one layer of T5's feed-forward blocks stays in float32 where the others are in float16, whose range its products exceed.
    /// </summary>
    public ScalarType Dtype { get; init; } = ScalarType.Float32;

    /// <summary>Seeds the values of what the checkpoint lacks, a new head for example. Null, the default: TorchSharp's global generator.</summary>
    public long? Seed { get; init; }

    /// <summary>Whether to start with a new head even if the checkpoint has one, for example for another number of classes. No effect on a model without a head. The default is false.</summary>
    public bool NewHead { get; init; }

    /// <summary>
    /// Whether the weights stay a part of the file, see <see cref="SafetensorsFile.Map"/>, where the element types agree. The file must not be shortened or overwritten in place while the
    /// model lives. The default is false.
    /// </summary>
    public bool MemoryMapped { get; init; }

    /// <summary>Receives warnings about what was ignored in the checkpoint and what it lacks. The default discards them.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>Checks all options.</summary>
    /// <exception cref="ArgumentException">An option is not valid; the message lists all that are not.</exception>
    public void Validate()
    {
        var faults = new ConfigFaults();
        faults.Require(
            Dtype is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64,
            $"{nameof(Dtype)} is {Dtype}; weights can be {ScalarType.Float16}, {ScalarType.BFloat16}, {ScalarType.Float32} or {ScalarType.Float64}");
        faults.Require(Logger is not null, $"{nameof(Logger)} is null");
        if (faults.List.Count > 0)
            throw new ArgumentException($"The loading options are not valid: {string.Join("; ", faults.List)}.");
    }
}
