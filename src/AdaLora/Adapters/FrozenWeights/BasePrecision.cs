using static TorchSharp.torch;

namespace AdaLora.Adapters.FrozenWeights;

/// <summary>In which precision the frozen linear layers under the adapters are computed. Adapters, everything between the layers and the loss, convolutions and layers of one's own stay as they are. Immutable; any thread may use it.</summary>
public sealed class BasePrecision
{
    private readonly Func<AdaptableLayer, FrozenWeight> _make;

    private BasePrecision(string name, Func<AdaptableLayer, FrozenWeight> make, bool replacesWeights = false) => (Name, _make, ReplacesWeights) = (name, make, replacesWeights);

    /// <summary>In that of their weights. The default.</summary>
    public static BasePrecision AsLoaded { get; } = new(nameof(AsLoaded), layer => new FrozenWeight(layer));

    /// <summary>
    /// In bfloat16: each adapted layer keeps a copy of its weight in bfloat16, made once (half as large as a float32 weight), and converts its input and output. The weights themselves are not touched,
    /// so that detaching, merging and saving lose nothing. Much slower on processors without instructions for it.
    /// </summary>
    public static BasePrecision BFloat16 { get; } = new(nameof(BFloat16), layer => new BFloat16Weight(layer, _ => true));

    /// <summary>As <see cref="BFloat16"/> where float32 weights meet a processor or device with instructions for it, else as <see cref="AsLoaded"/>.</summary>
    public static BasePrecision Automatic { get; } =
        new(nameof(Automatic), layer => new BFloat16Weight(layer, weight => weight.dtype == ScalarType.Float32 && BFloat16Support.IsFastOn(weight.device)));

    /// <summary>
    /// In the precision of their weights, but the weights are held in eight bits: whole numbers from -127 to 127 and one scale per output feature, a quarter of the memory of float32. They replace the model's own for as long as it is adapted,
    /// to save that memory, so that the layers have rounded weights after <see cref="AdaLoraModel.Detach"/>: read the model again for the exact ones. Merging adds to the rounded weights in full precision, and takes the memory for that;
    /// saved adapters are those of any other model. Weights that are shared with other modules are refused.
    /// </summary>
    public static BasePrecision Int8 { get; } = new(nameof(Int8), layer => new Int8Weight(layer), replacesWeights: true);

    /// <summary>What the precision is called in checkpoints and reports.</summary>
    public string Name { get; }

    /// <summary>Whether the layers lose their own weights.</summary>
    internal bool ReplacesWeights { get; }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The weight of a layer as it is held in this precision.</summary>
    internal FrozenWeight Of(AdaptableLayer layer) => _make(layer);
}
