using System.Text.Json.Nodes;

namespace AdaLora.Transformers.Configuration;

/// <summary>What the config.json of decoders says in which some layers have a window and others don't.</summary>
public abstract record LayeredDecoderConfig : WindowedDecoderConfig
{
    /// <summary>The type of a layer without a window.</summary>
    public const string FullAttention = "full_attention";

    /// <summary>The type of a layer with a window.</summary>
    public const string SlidingAttention = "sliding_attention";

    private const string TypesEntry = "layer_types";

    /// <summary>Creates a configuration with the defaults of its family.</summary>
    protected LayeredDecoderConfig()
    {
    }

    private protected LayeredDecoderConfig(ConfigEntries entries)
        : base(entries) => LayerTypes = entries.Words(TypesEntry);

    /// <summary>The type of each layer, <see cref="FullAttention"/> or <see cref="SlidingAttention"/>; null for the family's rule.</summary>
    public IReadOnlyList<string>? LayerTypes { get; init; }

    internal override int? WindowOf(int layer) => Slides(layer) ? SlidingWindow : null;

    /// <summary>Whether a layer has a window, if <see cref="LayerTypes"/> does not say so.</summary>
    private protected abstract bool SlidesByRule(int layer);

    /// <summary>Whether a layer has a window.</summary>
    internal bool Slides(int layer) => LayerTypes is { } types ? types[layer] == SlidingAttention : SlidesByRule(layer);

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json[TypesEntry] = new JsonArray([.. Enumerable.Range(0, Layers).Select(layer => (JsonNode)(Slides(layer) ? SlidingAttention : FullAttention))]);
    }

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.Require(LayerTypes is null || LayerTypes.Count == Layers, $"{TypesEntry} has {LayerTypes?.Count} entries, but there are {Layers} layers");
        foreach (var type in (LayerTypes ?? []).Where(type => type is not (FullAttention or SlidingAttention)).Distinct(StringComparer.Ordinal))
            faults.Require(false, $"{TypesEntry} holds '{type}', which is not supported (supported: {FullAttention}, {SlidingAttention})");
    }
}
