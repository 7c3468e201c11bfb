using AdaLora.Internals;
using AdaLora.Transformers.Configuration;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>The sum of word, position and type embeddings as far as the model has them, layer-normed. Takes token ids and type ids (null for all 0).</summary>
internal sealed class TokenEmbeddings : Module<Tensor, Tensor?, Tensor>
{
    [ComponentName(Name = "word_embeddings")]
    private readonly TorchSharp.Modules.Embedding _words;

    [ComponentName(Name = "position_embeddings")]
    private readonly Module<Tensor, Tensor>? _positions;

    [ComponentName(Name = "token_type_embeddings")]
    private readonly Module<Tensor, Tensor>? _types;

    [ComponentName(Name = "LayerNorm")]
    private readonly Module<Tensor, Tensor> _layerNorm;

    [ComponentName(Name = "dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    private readonly Func<Tensor, Tensor>? _numberPositions;

    /// <param name="config">The configuration.</param>
    /// <param name="size">The width of the embeddings.</param>
    /// <param name="numberPositions">Returns the position of every token: ids (batch x length) in, int64 numbers that broadcast to the same shape out. Null for a model without position
    /// embeddings.</param>
    /// <param name="paddingPosition">The position whose embedding gets no gradient, or null.</param>
    public TokenEmbeddings(EncoderConfig config, int size, Func<Tensor, Tensor>? numberPositions, int? paddingPosition = null)
        : base(nameof(TokenEmbeddings))
    {
        _words = Unfilled.Embedding(config.VocabularySize, size, padding_idx: config.PadId);
        _positions = numberPositions is null ? null : Unfilled.Embedding(config.MaxPositions, size, padding_idx: paddingPosition);
        _types = config.TypeVocabularySize > 0 ? Unfilled.Embedding(config.TypeVocabularySize, size) : null;
        _layerNorm = Unfilled.LayerNorm(size, config.LayerNormEps);
        _dropout = new Dropout(config.HiddenDropout);
        _numberPositions = numberPositions;
        RegisterComponents();
    }

    /// <summary>The matrix of word embeddings, which a language-model head shares.</summary>
    public Tensor WordWeight => _words.weight!;

    /// <summary>Positions 0, 1, 2 ... for every row.</summary>
    public static Tensor NumberFromZero(Tensor inputIds) => HeldScalars.Arange(inputIds.shape[1], inputIds.device).unsqueeze(0);

    public override Tensor forward(Tensor inputIds, Tensor? tokenTypeIds)
    {
        using var scope = NewDisposeScope();
        var sum = _words.call(inputIds);
        if (_positions is not null)
            sum = sum.Add(_positions.call(_numberPositions!(inputIds)));
        if (_types is not null)
            sum = sum.Add(_types.call(tokenTypeIds ?? zeros_like(inputIds)));
        return _dropout.call(_layerNorm.call(sum)).MoveToOuterDisposeScope();
    }
}
