using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Families.Bert;

/// <summary>BERT with the masked-language-modelling head, whose output matrix is that of the word embeddings unless the configuration says otherwise.</summary>
public sealed class BertForMaskedLM : MaskedLM
{
    private const string Bias = "cls.predictions.bias";
    private const string Decoder = "cls.predictions.decoder.weight";
    private const string DecoderBias = "cls.predictions.decoder.bias";

    [ComponentName(Name = "bert")]
    private readonly BertModel _bert;

    [ComponentName(Name = "cls")]
    private readonly BertLanguageModelHead _head;

    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <exception cref="ArgumentException">The configuration has faults; all are listed.</exception>
    public BertForMaskedLM(BertConfig config, long? seed)
        : this(config) => WeightInitializer.Initialize(this, seed);

    private BertForMaskedLM(BertConfig config)
        : base(nameof(BertForMaskedLM), config)
    {
        _bert = new BertModel(config, withPooler: false);
        _head = new BertLanguageModelHead(config);
        RegisterComponents();
    }

    /// <summary>The encoder below the head.</summary>
    public BertModel Encoder => _bert;

    internal override TextEncoder Text => _bert;

    private protected override IReadOnlyList<string> HeadPrefixes => ["cls."];

    private protected override IReadOnlyList<string> TiedNames => _head.HasDecoder ? [] : [Decoder, DecoderBias];

    // Older versions of the reference had one bias, under its name in the head.
    internal override IReadOnlyList<string> OtherNames(string name) => name == DecoderBias ? [Bias] : [];

    /// <summary>A model for a checkpoint, with the checkpoint's own decoder if there is one.</summary>
    internal static BertForMaskedLM For(BertConfig config, CheckpointFolder checkpoint) =>
        new(config.TiesWordEmbeddings && checkpoint.HoldsOther(Decoder, "embeddings.word_embeddings.weight") ? config with { TiesWordEmbeddings = false } : config);

    private protected override Tensor Score(Tensor hidden) => _head.call(hidden, _bert.WordWeight);
}
