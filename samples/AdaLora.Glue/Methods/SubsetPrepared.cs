using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using TorchSharp.Modules;

namespace AdaLora.Glue;

/// <summary>Trains the head and some of the encoder's own parameters.</summary>
internal sealed class SubsetPrepared : PlainPrepared
{
    public SubsetPrepared(SequenceClassifier model, Func<TextEncoder, IEnumerable<Parameter>> ofEncoder)
        : base(model) => EncoderParts.Train(model, ofEncoder);

    public override void Merge()
    {
    }

    public override void Dispose()
    {
    }
}
