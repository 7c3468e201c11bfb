using AdaLora.Internals;
using AdaLora.Safetensors;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using Microsoft.Extensions.Logging;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Families.Bert;

/// <summary>BERT with the head of masked-language modelling, whose output matrix is that of the word embeddings unless the configuration says otherwise.</summary>
public sealed class BertForMaskedLM : PretrainedModel
{
    /// <summary>The label of positions that don't count in the loss.</summary>
    public const long IgnoredLabel = -100;

    private const string Bias = "cls.predictions.bias";
    private const string Decoder = "cls.predictions.decoder.weight";
    private const string DecoderBias = "cls.predictions.decoder.bias";

    [ComponentName(Name = "bert")]
    private readonly BertModel _bert;

    [ComponentName(Name = "cls")]
    private readonly BertLanguageModelHead _head;

    /// <summary>Makes a model with random weights.</summary>
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

    internal override string EncoderPrefix => _bert.EncoderPrefix;

    private protected override IReadOnlyList<string> HeadPrefixes => ["cls."];

    private protected override IReadOnlyList<string> TiedNames => _head.HasDecoder ? [] : [Decoder, DecoderBias];

    // Older versions of the reference had one bias, under its name in the head.
    internal override string? OtherName(string name) => name == DecoderBias ? Bias : null;

    /// <summary>Loads a BERT checkpoint. The model is in evaluation mode.</summary>
    /// <param name="folder">The folder with config.json and model.safetensors.</param>
    /// <param name="device">Where to put the model; the CPU if null.</param>
    /// <param name="dtype">The element type of the weights; float32 if null, whatever the checkpoint has.</param>
    /// <param name="seed">Seeds the values of a head that the checkpoint lacks.</param>
    /// <param name="memoryMapped">
    /// Whether the weights stay a part of the file, see <see cref="SafetensorsFile.Map"/>, where the element types agree. The file must not be shortened or overwritten in place while the model lives.
    /// </param>
    /// <param name="logger">Hears what was left out of the checkpoint and what it lacks.</param>
    /// <returns>The model.</returns>
    /// <exception cref="CheckpointException">The folder can't be used, is of another family, or its tensors don't fit.</exception>
    /// <exception cref="SafetensorsException">A weight file breaks the format.</exception>
    public static BertForMaskedLM FromPretrained(string folder, Device? device = null, ScalarType? dtype = null, long? seed = null, bool memoryMapped = false, ILogger? logger = null) =>
        Load(
            folder,
            (_, config) => config is BertConfig bert
                ? new BertForMaskedLM(bert)
                : throw new CheckpointException(folder, $"holds a model of type '{config.ModelType}', not 'bert'."),
            new PretrainedOptions(device, dtype, seed, MemoryMapped: memoryMapped, Logger: logger),
            (checkpoint, config) => config is BertConfig bert && StoresOwnDecoder(checkpoint, bert) ? bert with { TiesWordEmbeddings = false } : config);

    // As the reference does: a decoder that is stored and differs from the embeddings is not theirs, whatever the configuration says. Most files don't store a tied one.
    private static bool StoresOwnDecoder(CheckpointFolder checkpoint, BertConfig config)
    {
        if (!config.TiesWordEmbeddings || !checkpoint.TensorNames.Contains(Decoder))
            return false;
        using var scope = NewDisposeScope();
        using var decoder = checkpoint.Read(Decoder);
        using var words = checkpoint.Read(checkpoint.TensorNames.First(name => name.EndsWith("embeddings.word_embeddings.weight", StringComparison.Ordinal)));
#pragma warning disable RS0030 // Both were just read into the host's memory.
        return !decoder.shape.AsSpan().SequenceEqual(words.shape) || decoder.dtype != words.dtype || !decoder.bytes.SequenceEqual(words.bytes);
#pragma warning restore RS0030
    }

    /// <summary>Scores every word of the vocabulary at every place.</summary>
    /// <param name="inputIds">Token ids, int64, batch x length.</param>
    /// <param name="attentionMask">1 for real tokens and 0 for padding, batch x length; null if there is no padding.</param>
    /// <param name="tokenTypeIds">Type ids, int64, batch x length; null for all 0.</param>
    /// <returns>Logits, batch x length x vocabulary size.</returns>
    /// <exception cref="ArgumentException">A shape is wrong, the texts are longer than the model's positions, or, in the host's memory, an id or type is beyond the model's tables.</exception>
    public override Tensor forward(Tensor inputIds, Tensor? attentionMask, Tensor? tokenTypeIds)
    {
        using var scope = NewDisposeScope();
        var hidden = _bert.call(inputIds, attentionMask, tokenTypeIds);
        return _head.call(hidden, _bert.WordWeight).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The loss of a batch, computing logits only where they count: with 15 % of the tokens masked this leaves out most of the vocabulary-sized work of calling the model.
    /// </summary>
    /// <param name="inputIds">Token ids with masks in them, int64, batch x length.</param>
    /// <param name="attentionMask">1 for real tokens and 0 for padding, batch x length; null if there is no padding.</param>
    /// <param name="labels">The true ids at places to be guessed and <see cref="IgnoredLabel"/> elsewhere, int64, batch x length.</param>
    /// <returns>The mean cross-entropy, a scalar; NaN if no place is to be guessed.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException">A shape is wrong, the texts are longer than the model's positions, or, in the host's memory, an id or label is beyond the vocabulary.</exception>
    public Tensor Loss(Tensor inputIds, Tensor? attentionMask, Tensor labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        HostIds.RequireBelow(labels, Config.VocabularySize, "label", "words", nameof(labels), IgnoredLabel);
        using var scope = NewDisposeScope();
        var hidden = _bert.call(inputIds, attentionMask, null);
#pragma warning disable RS0030 // One wait per batch, for labels that no computation precedes, is less than logits of all places.
        var places = labels.view(-1).Ne(IgnoredLabel).nonzero().view(-1);
#pragma warning restore RS0030
        var guessed = hidden.view(-1, Config.HiddenSize).index_select(0, places);
        var logits = _head.call(guessed, _bert.WordWeight);
        return nn.functional.cross_entropy(Losses.Widen(logits), labels.view(-1).index_select(0, places)).MoveToOuterDisposeScope();
    }
}
