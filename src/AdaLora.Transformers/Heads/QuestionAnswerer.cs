using AdaLora.Internals;
using AdaLora.Transformers.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Heads;

/// <summary>An encoder with a head that scores every token as the first and as the last of an answer.</summary>
public sealed class QuestionAnswerer : EncoderModel
{
    private readonly TextEncoder _encoder;
    private readonly Module<Tensor, Tensor> _dropout;
    private readonly Module<Tensor, Tensor> _outputs;

    internal QuestionAnswerer(string name, TextEncoder encoder, double dropout = 0)
        : base(name, encoder.Config)
    {
        // Marks the fields as registered: names are those of the family, and a module that contains this one would otherwise add the fields' own.
        RegisterComponents();
        _encoder = encoder;
        _dropout = new Dropout(dropout);
        _outputs = Unfilled.Linear(encoder.Config.HiddenSize, 2);
        register_module(encoder.BasePrefix, _encoder);
        register_module("dropout", _dropout);
        register_module("qa_outputs", _outputs);
    }

    /// <summary>The encoder below the head.</summary>
    public TextEncoder Encoder => _encoder;

    internal override TextEncoder Text => _encoder;

    internal override string BasePrefix => _encoder.BasePrefix;

    private protected override IReadOnlyList<string> HeadPrefixes => ["qa_outputs."];

    /// <summary>Scores the tokens of a batch.</summary>
    /// <param name="inputIds">Token ids, int64, batch x length.</param>
    /// <param name="attentionMask">1 for real tokens and 0 for padding, batch x length; null if there is no padding.</param>
    /// <param name="tokenTypeIds">Type ids, int64, batch x length; null for all 0. Ignored by models without token types.</param>
    /// <returns>Logits, batch x length x 2: column 0 for the answer's first token, column 1 for its last.</returns>
    /// <exception cref="ArgumentException">A shape is wrong, the texts are longer than the model's positions, or, in the host's memory, an id or type is beyond the model's tables.</exception>
    public override Tensor forward(Tensor inputIds, Tensor? attentionMask, Tensor? tokenTypeIds)
    {
        using var scope = NewDisposeScope();
        var hidden = _encoder.call(inputIds, attentionMask, tokenTypeIds);
        return _outputs.call(_dropout.call(hidden)).MoveToOuterDisposeScope();
    }

    /// <summary>The loss of a batch: the mean of the cross-entropies of first and last token over all positions. Positions beyond the text don't count.</summary>
    /// <param name="logits">The model's output, batch x length x 2.</param>
    /// <param name="starts">The place of each answer's first token, int64, one per row.</param>
    /// <param name="ends">The place of each answer's last token, int64, one per row.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException">The logits have the wrong shape.</exception>
    public Tensor Loss(Tensor logits, Tensor starts, Tensor ends)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(starts);
        ArgumentNullException.ThrowIfNull(ends);
        if (logits.Dimensions != 3 || logits.shape[2] != 2)
            throw new ArgumentException($"The shape is ({string.Join(", ", logits.shape)}); it must be batch x length x 2.", nameof(logits));
        using var scope = NewDisposeScope();
        var wide = Losses.Widen(logits);
        var beyond = wide.shape[1];
        var start = functional.cross_entropy(wide.select(-1, 0), starts.Clamp(0, beyond), ignore_index: beyond);
        var end = functional.cross_entropy(wide.select(-1, 1), ends.Clamp(0, beyond), ignore_index: beyond);
        return start.Add(end).Div(2).MoveToOuterDisposeScope();
    }
}
