namespace AdaLora.Transformers.Configuration;

/// <summary>The names of the config.json entries that all families share; null for an entry that a family does not have.</summary>
internal sealed record ConfigNames
{
    public static ConfigNames Usual { get; } = new();

    public string HiddenSize { get; init; } = "hidden_size";

    public string Layers { get; init; } = "num_hidden_layers";

    public string Heads { get; init; } = "num_attention_heads";

    public string IntermediateSize { get; init; } = "intermediate_size";

    public string HiddenActivation { get; init; } = "hidden_act";

    public string? HiddenDropout { get; init; } = "hidden_dropout_prob";

    public string? AttentionDropout { get; init; } = "attention_probs_dropout_prob";

    public string? MaxPositions { get; init; } = "max_position_embeddings";

    public string ClassifierDropout { get; init; } = "classifier_dropout";

    public string InitializerRange { get; init; } = "initializer_range";

    public string? LayerNormEps { get; init; } = "layer_norm_eps";

    public string? TypeVocabularySize { get; init; } = "type_vocab_size";
}
