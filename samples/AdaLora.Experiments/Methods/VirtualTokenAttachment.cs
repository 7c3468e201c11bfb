using AdaLora.Experiments.Tasks;
using AdaLora.Transformers.Layers;

namespace AdaLora.Experiments.Methods;

/// <summary>A frozen encoder that reads something in addition to the text; the new parts are trained in full next to it.</summary>
internal sealed class VirtualTokenAttachment : WeightAttachment
{
    private readonly TextEncoder _encoder;
    private readonly Action<TextEncoder> _remove;

    /// <param name="model">The model.</param>
    /// <param name="add">Puts it into the encoder.</param>
    /// <param name="remove">Takes it out again.</param>
    public VirtualTokenAttachment(BaseModel model, Action<TextEncoder> add, Action<TextEncoder> remove)
        : base(model)
    {
        (_encoder, _remove) = (ModelParts.EncoderOf(model), remove);
        ModelParts.Train(model, _ => false);
        add(_encoder);
    }

    public override void Dispose() => _remove(_encoder);
}
