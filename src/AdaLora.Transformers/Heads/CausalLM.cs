using System.Text.Json.Nodes;
using AdaLora.Internals;
using AdaLora.Training;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Heads;

/// <summary>A decoder with a head that scores every word of the vocabulary as the next one. The head's matrix is that of the word embeddings where the configuration says so.</summary>
public sealed class CausalLM : DecoderModel
{
    /// <summary>The label of places that don't count in the loss.</summary>
    public const long IgnoredLabel = Losses.IgnoredLabel;

    private const string HeadName = "lm_head";
    private const string HeadWeight = HeadName + ".weight";

    private readonly TextDecoder _decoder;
    private readonly Module<Tensor, Tensor>? _head;
    private GenerationOptions _generation;

    internal CausalLM(string name, TextDecoder decoder)
        : base(name, decoder.Config)
    {
        // Marks the fields as registered: names are those of the family, and a module that contains this one would otherwise add the fields' own.
        RegisterComponents();
        _decoder = decoder;
        _generation = new GenerationOptions { EndIds = decoder.Config.EndIds };
        _head = decoder.Config.TiesWordEmbeddings ? null : Unfilled.Linear(decoder.Config.HiddenSize, decoder.Config.VocabularySize, hasBias: false);
        register_module(decoder.BasePrefix, _decoder);
        if (_head is not null)
            register_module(HeadName, _head);
    }

    /// <summary>How text is generated unless a generator is told otherwise: what generation_config.json of the checkpoint says, and saved again.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public GenerationOptions Generation
    {
        get => _generation;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _generation = value;
        }
    }

    /// <summary>The decoder below the head.</summary>
    public TextDecoder Decoder => _decoder;

    internal override string BasePrefix => _decoder.BasePrefix;

    internal override void TakeVocabulary(int rows)
    {
        base.TakeVocabulary(rows);
        _decoder.TakeVocabulary(rows);
    }

    private protected override IReadOnlyList<string> HeadPrefixes => _head is null ? [] : [HeadName + "."];

    private protected override IReadOnlyDictionary<string, JsonObject> FilesBeside =>
        new Dictionary<string, JsonObject> { [GenerationConfigFile.Name] = GenerationConfigFile.Write(Generation, Config) };

    private protected override IReadOnlyList<string> TiedNames => _head is null ? [HeadWeight] : [];

    /// <summary>The configuration of a model for a checkpoint, with the checkpoint's own head if there is one.</summary>
    internal static DecoderConfig ConfigFor(DecoderConfig config, CheckpointFolder checkpoint) =>
        config.TiesWordEmbeddings && checkpoint.HoldsOther(HeadWeight, config.WordsName) ? config with { TiesWordEmbeddings = false } : config;

    /// <summary>Scores every word of the vocabulary as the one that follows each place.</summary>
    /// <param name="inputIds">Token ids, int64, batch x length.</param>
    /// <param name="attentionMask">0 for padding, on either side, and for real tokens the number of their text within the row, from 1: texts that share a row do not see each other. Batch x
    /// length; null if there is no padding and one text in a row.</param>
    /// <param name="positionIds">The position of each token, int64, batch x length; null to count the tokens of each text from 0.</param>
    /// <returns>Logits, batch x length x vocabulary size. Those of padding mean nothing.</returns>
    /// <exception cref="ArgumentException">A shape is wrong, the texts are longer than the model's positions, or, in the host's memory, an id or position is beyond the model's tables.</exception>
    public override Tensor forward(Tensor inputIds, Tensor? attentionMask, Tensor? positionIds)
    {
        using var scope = NewDisposeScope();
        return Score(_decoder.call(inputIds, attentionMask, positionIds)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The loss of a batch: the mean cross-entropy of each token that counts, given those before it in its text. Logits are computed only where they count, and for a part of these at a time.
    /// </summary>
    /// <param name="inputIds">Token ids, int64, batch x length.</param>
    /// <param name="attentionMask">As for <see cref="forward"/>.</param>
    /// <param name="labels">The token ids again, and <see cref="IgnoredLabel"/> where a token doesn't count, such as those of a prompt; int64, batch x length. They are not shifted: that is done
    /// here. Padding and the first token of each text are ignored in any case.</param>
    /// <param name="positionIds">As for <see cref="forward"/>.</param>
    /// <returns>A scalar; NaN if no token counts.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException">A shape is wrong, the texts are longer than the model's positions, or, in the host's memory, an id, label or position is beyond the model's
    /// tables.</exception>
    /// <exception cref="InvalidOperationException">An earlier backward pass of something that this thread computed failed, so that gradients are missing.</exception>
    public Tensor Loss(Tensor inputIds, Tensor? attentionMask, Tensor labels, Tensor? positionIds = null)
    {
        using var scope = NewDisposeScope();
        var (hidden, next) = Predict(inputIds, attentionMask, labels, positionIds);
        return Losses.OverWords(hidden, next, Scores).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The loss of a batch as the sum over the tokens that count, with their number: what <see cref="Trainer"/> takes, so that every token of an optimiser step has the same weight, however they
    /// are spread over batches and processes. Otherwise like <see cref="Loss"/>.
    /// </summary>
    /// <inheritdoc cref="Loss" path="/param"/>
    /// <inheritdoc cref="Loss" path="/exception"/>
    /// <returns>The sum, in single precision at least, and the number of tokens that count.</returns>
    public LossSum LossSum(Tensor inputIds, Tensor? attentionMask, Tensor labels, Tensor? positionIds = null)
    {
        using var scope = NewDisposeScope();
        var (hidden, next) = Predict(inputIds, attentionMask, labels, positionIds);
        var loss = Losses.SumOverWords(hidden, next, Scores);
        loss.Sum.MoveToOuterDisposeScope();
        loss.Count.MoveToOuterDisposeScope();
        return loss;
    }

    /// <summary>Scores the words that follow the last token of each row, after tokens which continue those of a cache; adds these tokens to it.</summary>
    /// <param name="inputIds">Token ids, int64, batch x length.</param>
    /// <param name="attentionMask">1 for real tokens and 0 for padding, batch x (cached + length); null if there is no padding.</param>
    /// <param name="cache">The keys and values of the preceding tokens.</param>
    /// <returns>Logits, batch x vocabulary size, in single precision at least.</returns>
    internal Tensor ScoreNext(Tensor inputIds, Tensor? attentionMask, KeyValueCache cache)
    {
        using var scope = NewDisposeScope();
        var hidden = _decoder.Decode(inputIds, attentionMask, null, cache, null);
        return Losses.Widen(Score(hidden.select(1, hidden.shape[1] - 1))).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Scores the words that follow tokens which continue those of a cache, and adds these tokens to it.</summary>
    /// <param name="inputIds">Token ids, int64, batch x length.</param>
    /// <param name="attentionMask">1 for real tokens and 0 for padding, batch x (cached + length); null if there is no padding.</param>
    /// <param name="cache">The keys and values of the preceding tokens.</param>
    /// <returns>Logits, batch x length x vocabulary size.</returns>
    internal Tensor Decode(Tensor inputIds, Tensor? attentionMask, KeyValueCache cache)
    {
        using var scope = NewDisposeScope();
        return Score(_decoder.Decode(inputIds, attentionMask, null, cache, null)).MoveToOuterDisposeScope();
    }

    private WordScores Scores => new(Score, Config.VocabularySize, training) { Matrix = WordMatrix.Of(_head, _decoder.WordWeight) };

    // The states that predict a token, and the tokens that they predict.
    private (Tensor Hidden, Tensor Next) Predict(Tensor inputIds, Tensor? attentionMask, Tensor labels, Tensor? positionIds)
    {
        ArgumentNullException.ThrowIfNull(inputIds);
        ArgumentNullException.ThrowIfNull(labels);
        HostIds.RequireBelow(labels, Config.VocabularySize, "label", "words", nameof(labels), IgnoredLabel);
        if (!labels.shape.AsSpan().SequenceEqual(inputIds.shape))
            throw new ArgumentException($"The shape is [{string.Join(", ", labels.shape)}]; it must be that of the token ids, [{string.Join(", ", inputIds.shape)}].", nameof(labels));
        var hidden = _decoder.call(inputIds, attentionMask, positionIds);
        var before = hidden.shape[1] - 1;
        var next = labels.narrow(1, 1, before);
        if (attentionMask is not null)
        {
            var texts = attentionMask.narrow(1, 1, before);
            next = next.MaskedFill(texts.ne(attentionMask.narrow(1, 0, before)).logical_or(texts.Eq(0)), IgnoredLabel);
        }

        return (hidden.narrow(1, 0, before), next);
    }

    private Tensor Score(Tensor hidden) => _head is null ? Projection.Apply(hidden, _decoder.WordWeight) : Projection.Apply(_head, hidden);
}
