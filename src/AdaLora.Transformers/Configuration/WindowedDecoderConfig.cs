using System.Text.Json.Nodes;

namespace AdaLora.Transformers.Configuration;

/// <summary>What the config.json of decoders says whose tokens may attend to the nearest ones only.</summary>
public abstract record WindowedDecoderConfig : RotaryDecoderConfig
{
    private const string WindowEntry = "sliding_window";

    /// <summary>Creates a configuration with the defaults of its family.</summary>
    protected WindowedDecoderConfig()
    {
    }

    private protected WindowedDecoderConfig(ConfigEntries entries)
        : base(entries) => SlidingWindow = entries.Integer(WindowEntry, SlidingWindow);

    /// <summary>How many tokens each one attends to, itself included; null for all before it.</summary>
    public virtual int? SlidingWindow { get; init; }

    /// <summary>The window of a layer, counted from 0; null for none.</summary>
    internal virtual int? WindowOf(int layer) => SlidingWindow;

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        // Null where there is none: an entry that is missing has the family's default.
        json[WindowEntry] = SlidingWindow;
    }

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.RequirePositive(WindowEntry, SlidingWindow ?? 1);
    }
}
