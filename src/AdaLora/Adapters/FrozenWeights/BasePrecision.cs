using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Adapters.FrozenWeights;

/// <summary>
/// The precision in which the frozen linear layers under the adapters are computed. Adapters, everything between layers and loss, convolutions and custom layers are not affected. Immutable
/// and thread-safe.
/// </summary>
public sealed class BasePrecision
{
    private readonly Func<AdaptableLayer, FrozenWeight> _make;

    private BasePrecision(string name, Func<AdaptableLayer, FrozenWeight> make, bool replacesWeights = false) => (Name, _make, ReplacesWeights) = (name, make, replacesWeights);

    /// <summary>The precision of their weights. The default.</summary>
    public static BasePrecision AsLoaded { get; } = new(nameof(AsLoaded), layer => new FrozenWeight(layer));

    /// <summary>
    /// In bfloat16: each adapted layer keeps a bfloat16 copy of its weight, made once (half as large as a float32 weight), and converts its input and output. The weights themselves are not touched,
    /// so detaching, merging and saving lose nothing. Much slower on processors without instructions for it.
    /// </summary>
    public static BasePrecision BFloat16 { get; } = new(nameof(BFloat16), layer => new BFloat16Weight(layer, _ => true));

    /// <summary><see cref="BFloat16"/> for float32 weights on a processor or device with instructions for it, otherwise <see cref="AsLoaded"/>.</summary>
    public static BasePrecision Automatic { get; } =
        new(nameof(Automatic), layer => new BFloat16Weight(layer, weight => weight.dtype == ScalarType.Float32 && BFloat16Support.IsFastOn(weight.device)));

    /// <summary>
    /// The precision of their weights, but the weights are stored in eight bits: integers from -127 to 127 with one scale per output feature, a quarter of the memory of float32. They
    /// replace the model's own while it is adapted, to save that memory, so the layers have rounded weights after <see cref="AdaLoraModel.Detach"/>: reload the model for the exact ones.
    /// Merging adds to the rounded weights in full precision, and takes the memory for that; saved adapters are like those of any other model. Weights shared with other modules are refused.
    /// </summary>
    public static BasePrecision Int8 { get; } = new(nameof(Int8), layer => new Int8Weight(layer), replacesWeights: true);

    /// <summary>The name of the precision in checkpoints and reports.</summary>
    public string Name { get; }

    /// <summary>Whether the layers lose their own weights.</summary>
    internal bool ReplacesWeights { get; }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The weight of a layer as stored in this precision.</summary>
    internal FrozenWeight Of(AdaptableLayer layer) => _make(layer);
}
