using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;

namespace AdaLora.Glue;

/// <summary>A frozen encoder that is given something to read besides the text; the head is trained in full beside it.</summary>
internal sealed class FrontPrepared : PlainPrepared
{
    private readonly TextEncoder _encoder;
    private readonly Action<TextEncoder> _remove;

    /// <param name="model">The classifier.</param>
    /// <param name="add">Puts it into the encoder.</param>
    /// <param name="remove">Takes it out again.</param>
    public FrontPrepared(SequenceClassifier model, Action<TextEncoder> add, Action<TextEncoder> remove)
        : base(model)
    {
        (_encoder, _remove) = (model.Encoder, remove);
        EncoderParts.Train(model, EncoderParts.None);
        add(_encoder);
    }

    public override void Dispose() => _remove(_encoder);
}
