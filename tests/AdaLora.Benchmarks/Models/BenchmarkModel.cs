using AdaLora.Transformers;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Families.DebertaV2;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>A classifier that benchmarks run on, created once per contender.</summary>
/// <param name="Name">What tables call it.</param>
/// <param name="Create">Creates it with weights of an element type, always with the same values.</param>
internal sealed record BenchmarkModel(string Name, Func<ScalarType, SequenceClassifier> Create)
{
    /// <summary>The number of token ids that random texts are made of; random models have no more, so that their embeddings stay small.</summary>
    public const int Words = 1000;

    private const int Labels = 2;

    /// <summary>The shapes of which there are random models.</summary>
    public static IReadOnlyDictionary<string, Func<double?, SequenceClassifier>> Shapes { get; } = new Dictionary<string, Func<double?, SequenceClassifier>>
    {
        ["bert-base"] = dropout => new BertForSequenceClassification(WithDropout(new BertConfig { VocabularySize = Words }, dropout), Labels, seed: 1),
        ["deberta-v3-base"] = dropout => new DebertaV2ForSequenceClassification(WithDropout(DebertaV3Base, dropout), Labels, seed: 1),
    };

    public static DebertaV2Config DebertaV3Base => new()
    {
        VocabularySize = Words,
        HiddenSize = 768,
        Layers = 12,
        Heads = 12,
        IntermediateSize = 3072,
        RelativeAttention = true,
        PositionBuckets = 256,
        PositionBiasedInput = false,
        PositionTerms = ["p2c", "c2p"],
        SharesProjections = true,
        RelativeEmbeddingNorm = "layer_norm",
    };

    public static BenchmarkModel OfCheckpoint(string folder) =>
        new(Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)), dtype => AutoModel.SequenceClassifier(folder, Labels, new PretrainedOptions { Dtype = dtype, Seed = 1 }));

    /// <param name="shape">One of <see cref="Shapes"/>.</param>
    /// <param name="dropout">The encoder's dropout; null for what such models are pre-trained with.</param>
    public static BenchmarkModel OfShape(string shape, double? dropout) =>
        new($"random weights of {shape}'s shape", dtype =>
        {
            var model = Shapes[shape](dropout);
            if (dtype != ScalarType.Float32)
                _ = model.to(dtype);
            return model;
        });

    private static T WithDropout<T>(T config, double? dropout)
        where T : EncoderConfig => dropout is { } rate ? config with { HiddenDropout = rate, AttentionDropout = rate } : config;
}
