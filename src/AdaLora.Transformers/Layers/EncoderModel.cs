using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Loading;

namespace AdaLora.Transformers.Layers;

/// <summary>An encoder, by itself or below a head. Takes token ids, attention mask and token types.</summary>
public abstract class EncoderModel : PretrainedModel
{
    private protected EncoderModel(string name, EncoderConfig config)
        : base(name, config) => Config = config;

    /// <summary>The configuration the model was made from.</summary>
    public EncoderConfig Config { get; private set; }

    /// <summary>The encoder: the model itself, or what is below its head.</summary>
    internal abstract TextEncoder Text { get; }

    internal override IReadOnlyList<string> VocabularyEndings => ["word_embeddings.weight"];

    internal sealed override void TakeVocabulary(int rows)
    {
        BaseConfig = Config = Config with { VocabularySize = rows };
        if (!ReferenceEquals(Text, this))
            Text.TakeVocabulary(rows);
    }

    internal sealed override int? PaddingRow(string name) => name.EndsWith("word_embeddings.weight", StringComparison.Ordinal) ? Config.PadId : null;

    internal sealed override void CheckRange(ReadOnlySpan<long> ids, ReadOnlySpan<long> types, string parameter) => Text.CheckTokens(ids, types, parameter);
}
