using AdaLora.Transformers.Models;
using TorchSharp.Modules;

namespace AdaLora.Glue;

/// <summary>Trains the head and some of the encoder's own parameters.</summary>
internal sealed class SubsetPrepared : PlainPrepared
{
    public SubsetPrepared(SequenceClassifier model, Func<TextEncoder, IEnumerable<Parameter>> ofEncoder)
        : base(model)
    {
        var head = AdaptedParts.HeadOf(model).SelectMany(part => part.module.parameters());
        var chosen = ofEncoder(model.Encoder).Concat(head).Select(p => p.Handle).ToHashSet();
        foreach (var parameter in model.parameters())
            parameter.requires_grad = chosen.Contains(parameter.Handle);
    }

    public override void Merge()
    {
    }

    public override void Dispose()
    {
    }
}
