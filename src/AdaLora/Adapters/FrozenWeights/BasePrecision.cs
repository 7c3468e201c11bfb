namespace AdaLora.Adapters.FrozenWeights;

/// <summary>In which precision the frozen layers under the adapters are computed. Adapters, everything between the layers and the loss stay as they are.</summary>
public enum BasePrecision
{
    /// <summary>In that of their weights.</summary>
    AsLoaded,

    /// <summary>
    /// In bfloat16: each adapted layer keeps a copy of its weight in bfloat16, made once (half as large as a float32 weight), and converts its input and output. The weights themselves are not touched,
    /// so that detaching, merging and saving lose nothing. Much slower on processors without instructions for it.
    /// </summary>
    BFloat16,

    /// <summary>As <see cref="BFloat16"/> where float32 weights meet a processor or device with instructions for it, else as <see cref="AsLoaded"/>.</summary>
    Automatic,
}
