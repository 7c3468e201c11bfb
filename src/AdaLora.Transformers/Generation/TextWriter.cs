using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Generation;

/// <summary>What generation needs to know about a model of either kind.</summary>
/// <param name="Model">The model.</param>
/// <param name="Options">How it generates by default.</param>
/// <param name="Words">The size of its vocabulary.</param>
/// <param name="MaxLength">The greatest length of what it continues or reads, in tokens; null if there is none.</param>
/// <param name="Begin">The tokens that the new ones of a text follow, for the options.</param>
/// <param name="Open">Begins a batch of texts.</param>
internal sealed record TextWriter(
    PretrainedModel Model,
    GenerationOptions Options,
    int Words,
    int? MaxLength,
    Func<IReadOnlyList<int>, GenerationOptions, IReadOnlyList<int>> Begin,
    Func<IReadOnlyList<IReadOnlyList<int>>, NextTokens> Open)
{
    /// <summary>A model that continues texts.</summary>
    public static TextWriter Of(CausalLM model) =>
        new(model, model.Generation, model.Config.VocabularySize, model.Decoder.MaxLength, (text, _) => text, _ => new CausalNextTokens(model));

    /// <summary>A model that reads texts and writes others.</summary>
    public static TextWriter Of(Seq2SeqLM model) => new(
        model, model.Generation, model.Config.VocabularySize, model.MaxLength, (_, options) => [options.DecoderStartId ?? model.Config.DecoderStartId], texts => new Seq2SeqNextTokens(model, texts));

    /// <summary>Where a weight is. An embedding gives another tensor object each time.</summary>
    public static Device DeviceOf(Func<Tensor> weight)
    {
        using var scope = NewDisposeScope();
        return weight().device;
    }
}
