using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Generation;

/// <summary>A decoder alone.</summary>
internal sealed class CausalNextTokens(CausalLM model) : NextTokens
{
    public override Device Device { get; } = TextWriter.DeviceOf(() => model.Decoder.WordWeight);

    public override long? AnglesChangeAfter => model.Decoder.AnglesChangeAfter;

    public override Tensor Score(Tensor ids, Tensor? mask, KeyValueCache cache) => model.ScoreNext(ids, mask, cache);
}
