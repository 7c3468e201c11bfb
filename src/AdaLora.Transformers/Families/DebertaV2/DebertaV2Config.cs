using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Families.DebertaV2;

/// <summary>The configuration of a DeBERTa model of version 2 or 3.</summary>
public sealed record DebertaV2Config : EncoderConfig
{
    private static readonly ConfigNames OwnNames = new() { ClassifierDropout = "cls_dropout" };

    /// <summary>Creates a configuration with the defaults of the family.</summary>
    public DebertaV2Config()
    {
    }

    internal DebertaV2Config(ConfigEntries entries)
        : base(entries)
    {
        RelativeAttention = entries.Flag("relative_attention", RelativeAttention);
        MaxRelativePositions = entries.Integer("max_relative_positions", MaxRelativePositions);
        PositionBuckets = entries.Integer("position_buckets", PositionBuckets);
        PositionBiasedInput = entries.Flag("position_biased_input", PositionBiasedInput);
        PositionTerms = entries.Words("pos_att_type");
        SharesProjections = entries.Flag("share_att_key", SharesProjections);
        RelativeEmbeddingNorm = entries.Text("norm_rel_ebd", RelativeEmbeddingNorm);
        ConvolutionSize = entries.Integer("conv_kernel_size", ConvolutionSize);
        ConvolutionActivation = entries.Text("conv_act", ConvolutionActivation);
        ConvolutionGroups = entries.Integer("conv_groups", ConvolutionGroups);
        PoolerActivation = entries.Text("pooler_hidden_act", PoolerActivation);
        PoolerDropout = entries.Number("pooler_dropout", PoolerDropout);
        EmbeddingSize = entries.Integer("embedding_size", EmbeddingSize);
    }

    /// <inheritdoc/>
    public override string ModelType => "deberta-v2";

    /// <inheritdoc/>
    public override int VocabularySize { get; init; } = 128100;

    /// <inheritdoc/>
    public override int HiddenSize { get; init; } = 1536;

    /// <inheritdoc/>
    public override int Layers { get; init; } = 24;

    /// <inheritdoc/>
    public override int Heads { get; init; } = 24;

    /// <inheritdoc/>
    public override int IntermediateSize { get; init; } = 6144;

    /// <inheritdoc/>
    public override double LayerNormEps { get; init; } = 1e-7;

    /// <inheritdoc/>
    public override int TypeVocabularySize { get; init; }

    /// <summary>Whether attention looks at the distance between tokens.</summary>
    public bool RelativeAttention { get; init; }

    /// <summary>The greatest distance that is distinguished; below 1 means <see cref="ModelConfig.MaxPositions"/>.</summary>
    public int MaxRelativePositions { get; init; } = -1;

    /// <summary>The number of buckets on each side of a token, growing logarithmically with distance; below 1 for one per distance.</summary>
    public int PositionBuckets { get; init; } = -1;

    /// <summary>Whether absolute positions are added to the embeddings.</summary>
    public bool PositionBiasedInput { get; init; } = true;

    /// <summary>The terms of relative attention: "c2p" (content to position), "p2c" (position to content). Stored as a list or as one string separated by bars.</summary>
    public IReadOnlyList<string>? PositionTerms { get; init; }

    /// <summary>Whether positions go through the projections of the content.</summary>
    public bool SharesProjections { get; init; }

    /// <summary>What is done to the relative embeddings before they are used: "layer_norm" or "none".</summary>
    public string RelativeEmbeddingNorm { get; init; } = "none";

    /// <summary>The width in tokens of the convolution beside the first layer; 0 for none.</summary>
    public int ConvolutionSize { get; init; }

    /// <summary>The activation of the convolution.</summary>
    public string ConvolutionActivation { get; init; } = "tanh";

    /// <summary>The number of groups of channels that the convolution keeps apart.</summary>
    public int ConvolutionGroups { get; init; } = 1;

    /// <summary>The activation of the classifier's dense layer.</summary>
    public string PoolerActivation { get; init; } = "gelu";

    /// <summary>The dropout probability before the classifier's dense layer.</summary>
    public double PoolerDropout { get; init; }

    /// <summary>The dropout probability before the classifier; null means <see cref="ModelConfig.HiddenDropout"/>.</summary>
    public override double? ClassifierDropout { get; init; }

    /// <summary>The width of the embeddings; null, or equal to the hidden size.</summary>
    public int? EmbeddingSize { get; init; }

    /// <summary>Whether attention has the content-to-position term.</summary>
    internal bool ContentToPosition => RelativeAttention && PositionTerms?.Contains("c2p") == true;

    /// <summary>Whether attention has the position-to-content term.</summary>
    internal bool PositionToContent => RelativeAttention && PositionTerms?.Contains("p2c") == true;

    /// <summary>The greatest distance, with its default applied.</summary>
    internal int Reach => MaxRelativePositions < 1 ? MaxPositions : MaxRelativePositions;

    /// <summary>The number of relative embeddings on each side of distance 0.</summary>
    internal int Span => PositionBuckets > 0 ? PositionBuckets : Reach;

    private protected override ConfigNames Names => OwnNames;

    private protected override void AddEntries(JsonObject json)
    {
        base.AddEntries(json);
        json["relative_attention"] = RelativeAttention;
        json["max_relative_positions"] = MaxRelativePositions;
        json["position_buckets"] = PositionBuckets;
        json["position_biased_input"] = PositionBiasedInput;
        if (PositionTerms is { } terms)
            json["pos_att_type"] = new JsonArray([.. terms.Select(term => (JsonNode)term)]);
        json["share_att_key"] = SharesProjections;
        json["norm_rel_ebd"] = RelativeEmbeddingNorm;
        json["conv_kernel_size"] = ConvolutionSize;
        json["conv_act"] = ConvolutionActivation;
        json["conv_groups"] = ConvolutionGroups;
        json["pooler_hidden_act"] = PoolerActivation;
        json["pooler_dropout"] = PoolerDropout;
        if (EmbeddingSize is { } embeddingSize)
            json["embedding_size"] = embeddingSize;
    }

    internal override IEnumerable<StoredSize> StoredSizes()
    {
        foreach (var size in base.StoredSizes())
            yield return size;
        if (RelativeAttention)
            yield return new StoredSize(PositionBuckets > 0 ? "position_buckets" : "max_relative_positions", 2L * Span, "encoder.rel_embeddings.weight", 0);
        if (ConvolutionSize > 0)
            yield return new StoredSize("conv_kernel_size", ConvolutionSize, "encoder.conv.conv.weight", 2);
    }

    private protected override bool HasPositions => PositionBiasedInput;

    private protected override void AddFaults(ConfigFaults faults)
    {
        base.AddFaults(faults);
        RequireEqual(faults, "attention_head_size", Heads > 0 ? HiddenSize / Heads : 0);
        RequireEqual(faults, "pooler_hidden_size", HiddenSize);
        faults.Require(EmbeddingSize is null || EmbeddingSize == HiddenSize, $"embedding_size {EmbeddingSize} differs from the hidden size {HiddenSize}, which is not supported");
        faults.Require(
            PositionTerms?.All(term => term is "c2p" or "p2c") != false,
            $"pos_att_type '{string.Join('|', PositionTerms ?? [])}' has terms other than c2p and p2c, which is not supported");
        faults.Require(RelativeEmbeddingNorm is "layer_norm" or "none", $"norm_rel_ebd '{RelativeEmbeddingNorm}' is not supported, only 'layer_norm' and 'none'");
        faults.Require(PositionBuckets is < 1 or >= 4, $"position_buckets {PositionBuckets} is too small");
        faults.Require(PositionBuckets < 1 || Reach - 1 > PositionBuckets / 2, $"position_buckets {PositionBuckets} does not fit max_relative_positions {Reach}");
        faults.Require(ConvolutionSize is 0 || (ConvolutionSize > 0 && ConvolutionSize % 2 == 1), $"conv_kernel_size {ConvolutionSize} is not odd");
        faults.Require(ConvolutionGroups > 0 && HiddenSize % ConvolutionGroups == 0, $"conv_groups {ConvolutionGroups} does not divide the hidden size {HiddenSize}");
        faults.RequireActivation(ConvolutionActivation);
        faults.RequireActivation(PoolerActivation);
        faults.RequireProbability("pooler_dropout", PoolerDropout);
    }

    // Sizes that the file may repeat, but not change.
    private void RequireEqual(ConfigFaults faults, string entry, int size) =>
        faults.Require(
            Other?.TryGetValue(entry, out var value) != true || (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var given) && given == size),
            $"{entry} differs from {size}, which is not supported");
}
