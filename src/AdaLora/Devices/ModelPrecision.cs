using AdaLora.Internals.Cpu;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Devices;

/// <summary>
/// The precision in which a whole model is held and computed: its weights, and everything between its layers. Sums inside of layer norms, softmax and products are in single precision
/// whatever this is, and so are losses, the adapters' weights and the optimiser. Immutable and thread-safe.
/// </summary>
public sealed class ModelPrecision
{
    private readonly string _shortName;

    private ModelPrecision(string name, string shortName, ScalarType dtype, bool hasTensorCores = false) => (Name, _shortName, Dtype, HasTensorFloat32) = (name, shortName, dtype, hasTensorCores);

    /// <summary>float32, or fp32: single precision, without TF32 on a GPU. The default.</summary>
    public static ModelPrecision Float32 { get; } = new("float32", "fp32", ScalarType.Float32);

    /// <summary>tf32: single precision, but matrix products and convolutions on a GPU round their factors to 10 bits of mantissa. Not for a CPU.</summary>
    public static ModelPrecision TensorFloat32 { get; } = new("tf32", "tf32", ScalarType.Float32, hasTensorCores: true);

    /// <summary>bfloat16, or bf16: the range of single precision with 7 bits of mantissa. Several times slower than single precision on processors without instructions for it.</summary>
    public static ModelPrecision BFloat16 { get; } = new("bfloat16", "bf16", ScalarType.BFloat16);

    /// <summary>float16, or fp16: 10 bits of mantissa, numbers up to 65,504. Losses are scaled; see <see cref="Training.LossScale"/>. Several times slower than single precision on a CPU.</summary>
    public static ModelPrecision Float16 { get; } = new("float16", "fp16", ScalarType.Float16);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ModelPrecision> All { get; } = [Float32, TensorFloat32, BFloat16, Float16];

    /// <summary>The name on a command line, in checkpoints and reports.</summary>
    public string Name { get; }

    /// <summary>The element type of the model's weights, for <c>PretrainedOptions.Dtype</c> or <c>model.to</c>.</summary>
    public ScalarType Dtype { get; }

    private bool HasTensorFloat32 { get; }

    /// <summary>The precision with a given name, long or short.</summary>
    /// <param name="name">float32, fp32, tf32, bfloat16, bf16, float16 or fp16; case-insensitive.</param>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    /// <exception cref="ArgumentException">The name is none of these.</exception>
    public static ModelPrecision Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return All.FirstOrDefault(precision => precision.Is(name))
            ?? throw new ArgumentException($"Unknown precision '{name}'; use one of {string.Join(", ", All.Select(precision => precision.Name))}, or the short forms fp32, bf16 and fp16.",
                nameof(name));
    }

    /// <summary>Whether a text is the name of a precision.</summary>
    /// <param name="name">As in <see cref="Find"/>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    public static bool IsName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return All.Any(precision => precision.Is(name));
    }

    /// <summary>Prepares a device for models in this precision: on a GPU, turns TF32 on or off, which affects the whole process. The model itself has to be in <see cref="Dtype"/>.</summary>
    /// <param name="device">Where the model is, or will be.</param>
    /// <returns>What is to be said against it, in one sentence; null if nothing.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="device"/> is null.</exception>
    /// <exception cref="DeviceException">The device has no such precision.</exception>
    public string? UseOn(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (device.type == DeviceType.CUDA)
            backends.cuda.matmul.allow_tf32 = backends.cudnn.allow_tf32 = HasTensorFloat32;
        else if (HasTensorFloat32)
            throw new DeviceException($"{Name} needs a GPU; on {device} use {Float32.Name}, {BFloat16.Name} or {Float16.Name}.");
        if (device.type != DeviceType.CPU || Dtype == ScalarType.Float32 || (Dtype == ScalarType.BFloat16 && BFloat16Support.IsOnProcessor))
            return null;
        return $"{Name} is several times slower than {Float32.Name} on this processor{(Dtype == ScalarType.BFloat16 ? ", which has no instructions for it" : "")}";
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    private bool Is(string name) => name.Equals(Name, StringComparison.OrdinalIgnoreCase) || name.Equals(_shortName, StringComparison.OrdinalIgnoreCase);
}
