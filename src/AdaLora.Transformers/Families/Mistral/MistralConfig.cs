using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Families.Mistral;

/// <summary>The configuration of a Mistral model.</summary>
public sealed record MistralConfig : WindowedDecoderConfig
{
    // One list, so that configurations with the same values are equal.
    private static readonly IReadOnlyList<int> EndOfText = [2];

    /// <summary>Creates a configuration with the defaults of the family.</summary>
    public MistralConfig()
    {
    }

    internal MistralConfig(ConfigEntries entries)
        : base(entries)
    {
    }

    /// <inheritdoc/>
    public override string ModelType => "mistral";

    /// <inheritdoc/>
    public override int IntermediateSize { get; init; } = 14336;

    /// <inheritdoc/>
    public override int? KeyValueHeads { get; init; } = 8;

    /// <inheritdoc/>
    public override int MaxPositions { get; init; } = 4096 * 32;

    /// <inheritdoc/>
    public override int? SlidingWindow { get; init; } = 4096;

    /// <inheritdoc/>
    public override int? BeginId { get; init; } = 1;

    /// <inheritdoc/>
    public override IReadOnlyList<int> EndIds { get; init; } = EndOfText;

    private protected override IReadOnlyList<string> Unsupported => [.. base.Unsupported, "layer_types"];
}
