using System.Text.Json.Nodes;

namespace AdaLora.Transformers.Configuration;

/// <summary>What the config.json of all Qwen models says: from some layer on, they may have a window.</summary>
public abstract record QwenDecoderConfig : LayeredDecoderConfig
{
    private const string UseWindowEntry = "use_sliding_window";
    private const string FirstWindowEntry = "max_window_layers";

    /// <summary>Creates a configuration with the defaults of its family.</summary>
    protected QwenDecoderConfig()
    {
    }

    private protected QwenDecoderConfig(ConfigEntries entries)
        : base(entries)
    {
        UsesSlidingWindow = entries.Flag(UseWindowEntry, UsesSlidingWindow);
        LayersWithoutWindow = entries.Integer(FirstWindowEntry, LayersWithoutWindow);
    }

    /// <inheritdoc/>
    public override int VocabularySize { get; init; } = 151936;

    /// <inheritdoc/>
    public override int IntermediateSize { get; init; } = 22016;

    /// <inheritdoc/>
    public override int? KeyValueHeads { get; init; } = 32;

    /// <inheritdoc/>
    public override int MaxPositions { get; init; } = 32768;

    /// <inheritdoc/>
    public override int? SlidingWindow { get; init; } = 4096;

    /// <summary>Whether <see cref="WindowedDecoderConfig.SlidingWindow"/> is used at all.</summary>
    public bool UsesSlidingWindow { get; init; }

    /// <summary>How many of the first layers have no window.</summary>
    public int LayersWithoutWindow { get; init; } = 28;

    internal override int? WindowOf(int layer) => UsesSlidingWindow ? base.WindowOf(layer) : null;

    private protected override bool SlidesByRule(int layer) => UsesSlidingWindow && layer >= LayersWithoutWindow;

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json[UseWindowEntry] = UsesSlidingWindow;
        json[FirstWindowEntry] = LayersWithoutWindow;
    }
}
