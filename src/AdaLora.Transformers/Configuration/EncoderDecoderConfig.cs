using System.Text.Json.Nodes;

namespace AdaLora.Transformers.Configuration;

/// <summary>
/// What the config.json of every model says that reads a text with an encoder and writes another with a decoder. Properties without Decoder in their names are the encoder's, or common to both.
/// </summary>
public abstract record EncoderDecoderConfig : LanguageModelConfig
{
    private const string StartEntry = "decoder_start_token_id";
    private const string IsEncoderDecoder = "is_encoder_decoder";

    /// <summary>Creates a configuration with the defaults of its family.</summary>
    protected EncoderDecoderConfig()
    {
    }

    private protected EncoderDecoderConfig(ConfigEntries entries)
        : base(entries)
    {
        DecoderStartId = entries.Integer(StartEntry, DecoderStartId);
        entries.Require(entries.Flag(IsEncoderDecoder, true), $"{IsEncoderDecoder} is false, but only whole models with both parts are supported");
    }

    /// <summary>The number of the decoder's layers; null for as many as the encoder has.</summary>
    public virtual int? DecoderLayers { get; init; }

    /// <summary>The inner width of the feed-forward blocks.</summary>
    public virtual int IntermediateSize { get; init; } = 2048;

    /// <summary>The token id that the decoder's texts begin with.</summary>
    public virtual int DecoderStartId { get; init; }

    internal int ActualDecoderLayers => DecoderLayers ?? Layers;

    /// <summary>What comes before the number of a decoder's layer in names of tensors.</summary>
    internal abstract string DecoderLayersPrefix { get; }

    /// <summary>The entry that holds the number of the decoder's layers.</summary>
    private protected abstract string DecoderLayersEntry { get; }

    internal override string WordsName => "shared.weight";

    internal override IReadOnlyList<string> Roots => ["shared.", "encoder.", "decoder."];

    internal sealed override IReadOnlyList<(string Entry, int Layers, string Prefix)> Stacks => [.. base.Stacks, (DecoderLayersEntry, ActualDecoderLayers, DecoderLayersPrefix)];

    private protected override IReadOnlyList<string> Unsupported => [.. base.Unsupported, "is_decoder"];

    /// <summary>How text is generated if no file says anything.</summary>
    internal virtual GenerationOptions Generation => new() { EndIds = EndIds };

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json[IsEncoderDecoder] = true;
        json[DecoderLayersEntry] = ActualDecoderLayers;
        json[Names.IntermediateSize] = IntermediateSize;
        json[StartEntry] = DecoderStartId;
    }

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.RequirePositive("intermediate size", IntermediateSize);
        faults.RequirePositive(DecoderLayersEntry, ActualDecoderLayers);
        faults.Require(DecoderStartId >= 0 && DecoderStartId < VocabularySize, $"{StartEntry} {DecoderStartId} is not in the vocabulary");
        faults.Require(PadId is { } pad && pad < VocabularySize, $"pad_token_id {PadId?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "null"} is not in the vocabulary");
    }
}
