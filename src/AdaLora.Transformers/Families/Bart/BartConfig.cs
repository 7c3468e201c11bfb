using System.Text.Json.Nodes;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Families.Bart;

/// <summary>The configuration of a BART model.</summary>
public sealed record BartConfig : EncoderDecoderConfig
{
    private const string DecoderHeadsEntry = "decoder_attention_heads";
    private const string DecoderIntermediateSizeEntry = "decoder_ffn_dim";
    private const string ActivationDropoutEntry = "activation_dropout";
    private const string ForcedBeginEntry = "forced_bos_token_id";
    private const string ForcedEndEntry = "forced_eos_token_id";

    /// <summary>Positions are counted from this row of their table.</summary>
    internal const int PositionOffset = 2;

    // One list, so that configurations with the same values are equal.
    private static readonly IReadOnlyList<int> End = [2];

    private static readonly ConfigNames OwnNames = new()
    {
        HiddenSize = "d_model",
        Layers = "encoder_layers",
        Heads = "encoder_attention_heads",
        IntermediateSize = "encoder_ffn_dim",
        HiddenActivation = "activation_function",
        HiddenDropout = "dropout",
        AttentionDropout = "attention_dropout",
        InitializerRange = "init_std",
        LayerNormEps = null,
    };

    /// <summary>Creates a configuration with the defaults of the family.</summary>
    public BartConfig()
    {
    }

    internal BartConfig(ConfigEntries entries)
        : base(entries)
    {
        IntermediateSize = entries.Integer(Names.IntermediateSize, IntermediateSize);
        DecoderLayers = entries.Integer(DecoderLayersEntry, 12);
        DecoderHeads = entries.Integer(DecoderHeadsEntry, 16);
        DecoderIntermediateSize = entries.Integer(DecoderIntermediateSizeEntry, 4096);
        ActivationDropout = entries.Number(ActivationDropoutEntry, ActivationDropout);
        ScalesEmbeddings = entries.Flag("scale_embedding", ScalesEmbeddings);
        ForcedBeginId = entries.Integer(ForcedBeginEntry, ForcedBeginId);
        ForcedEndId = entries.Integer(ForcedEndEntry, ForcedEndId);
    }

    /// <inheritdoc/>
    public override string ModelType => "bart";

    /// <inheritdoc/>
    public override int VocabularySize { get; init; } = 50265;

    /// <inheritdoc/>
    public override int HiddenSize { get; init; } = 1024;

    /// <inheritdoc/>
    public override int Heads { get; init; } = 16;

    /// <inheritdoc/>
    public override int IntermediateSize { get; init; } = 4096;

    /// <inheritdoc/>
    public override double AttentionDropout { get; init; }

    /// <inheritdoc/>
    public override double LayerNormEps { get; init; } = 1e-5;

    /// <inheritdoc/>
    public override int MaxPositions { get; init; } = 1024;

    /// <inheritdoc/>
    public override int? BeginId { get; init; } = 0;

    /// <inheritdoc/>
    public override IReadOnlyList<int> EndIds { get; init; } = End;

    /// <inheritdoc/>
    public override int? PadId { get; init; } = 1;

    /// <inheritdoc/>
    public override int DecoderStartId { get; init; } = 2;

    /// <summary>The number of the decoder's attention heads; null for as many as the encoder has.</summary>
    public int? DecoderHeads { get; init; }

    /// <summary>The inner width of the decoder's feed-forward blocks; null for that of the encoder's.</summary>
    public int? DecoderIntermediateSize { get; init; }

    /// <summary>The dropout probability between the two projections of feed-forward blocks.</summary>
    public double ActivationDropout { get; init; }

    /// <summary>Whether word embeddings are multiplied by the root of the hidden size.</summary>
    public bool ScalesEmbeddings { get; init; }

    /// <summary>The token id that is generated first, after <see cref="EncoderDecoderConfig.DecoderStartId"/>; null for any.</summary>
    public int? ForcedBeginId { get; init; }

    /// <summary>The token id that is generated last if the greatest length is reached; null for any.</summary>
    public int? ForcedEndId { get; init; } = 2;

    internal int ActualDecoderHeads => DecoderHeads ?? Heads;

    internal int ActualDecoderIntermediateSize => DecoderIntermediateSize ?? IntermediateSize;

    internal override string LayersPrefix => "encoder.layers.";

    internal override string DecoderLayersPrefix => "decoder.layers.";

    private protected override string DecoderLayersEntry => "decoder_layers";

    internal override IReadOnlyDictionary<string, string> OtherNames => new Dictionary<string, string>
    {
        ["hidden_size"] = "d_model",
        ["num_attention_heads"] = "encoder_attention_heads",
        ["num_hidden_layers"] = "encoder_layers",
    };

    internal override GenerationOptions Generation => base.Generation with { ForcedBeginId = ForcedBeginId, ForcedEndId = ForcedEndId };

    private protected override ConfigNames Names => OwnNames;

    // What versions of the reference before the fourth could switch on.
    private protected override IReadOnlyList<string> Unsupported =>
        [.. base.Unsupported, "encoder_layerdrop", "decoder_layerdrop", "normalize_before", "add_final_layer_norm", "add_bias_logits", "static_position_embeddings"];

    internal override IEnumerable<StoredSize> StoredSizes()
    {
        IReadOnlyList<string> others = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"];
        yield return new StoredSize("vocab_size", VocabularySize, WordsName, 0) { OtherTensors = others };
        yield return new StoredSize("d_model", HiddenSize, WordsName, 1) { OtherTensors = others };
        yield return new StoredSize($"max_position_embeddings + {PositionOffset}", MaxPositions + (long)PositionOffset, "encoder.embed_positions.weight", 0);
        yield return new StoredSize(Names.IntermediateSize, IntermediateSize, $"{LayersPrefix}0.fc1.weight", 0);
        yield return new StoredSize(DecoderIntermediateSizeEntry, ActualDecoderIntermediateSize, $"{DecoderLayersPrefix}0.fc1.weight", 0);
    }

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json[DecoderHeadsEntry] = ActualDecoderHeads;
        json[DecoderIntermediateSizeEntry] = ActualDecoderIntermediateSize;
        json[ActivationDropoutEntry] = ActivationDropout;
        json["scale_embedding"] = ScalesEmbeddings;
        json[ForcedBeginEntry] = ForcedBeginId;
        json[ForcedEndEntry] = ForcedEndId;
    }

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        faults.RequirePositive(DecoderHeadsEntry, ActualDecoderHeads);
        faults.RequirePositive(DecoderIntermediateSizeEntry, ActualDecoderIntermediateSize);
        faults.RequireProbability(ActivationDropoutEntry, ActivationDropout);
        foreach (var heads in (int[])[Heads, ActualDecoderHeads])
            faults.Require(heads < 1 || HiddenSize % heads == 0, $"d_model {HiddenSize} is not a multiple of the {heads} heads");
        faults.Require(TiesWordEmbeddings, "tie_word_embeddings is false, but the head of BART is the matrix of word embeddings");
        faults.Require(ForcedBeginId is null or >= 0, $"{ForcedBeginEntry} {ForcedBeginId} is negative");
        faults.Require(ForcedEndId is null or >= 0, $"{ForcedEndEntry} {ForcedEndId} is negative");
    }
}
