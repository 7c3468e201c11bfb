using AdaLora.Targeting;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Loading;

namespace AdaLora.Transformers.Layers;

/// <summary>A decoder, by itself or below a head. Takes token ids, attention mask and positions.</summary>
public abstract class DecoderModel : PretrainedModel, ISuggestsTargets
{
    private const string TokenIds = "token ids (do tokenizer and model come from the same checkpoint?)";

    private protected DecoderModel(string name, DecoderConfig config)
        : base(name, config) => Config = config;

    /// <summary>The configuration the model was made from.</summary>
    public DecoderConfig Config { get; private set; }

    /// <summary>All linear layers of the blocks, and not the head.</summary>
    public TargetModules SuggestedTargets => TargetModules.Globs($"{LayersName}.**");

    internal sealed override IReadOnlyList<string> VocabularyEndings => [Config.WordsName, "lm_head.weight"];

    internal override void TakeVocabulary(int rows) => BaseConfig = Config = Config with { VocabularySize = rows };

    internal sealed override double FirstDeviation(string name) => Config.FirstDeviation(name);

    // There are no types.
    internal sealed override void CheckRange(ReadOnlySpan<long> ids, ReadOnlySpan<long> types, string parameter) => HostIds.Require(ids, Config.VocabularySize, "token id", TokenIds, parameter);

    private protected void RequireKnown(TorchSharp.torch.Tensor inputIds, string parameter) => HostIds.RequireBelow(inputIds, Config.VocabularySize, "token id", TokenIds, parameter);
}
