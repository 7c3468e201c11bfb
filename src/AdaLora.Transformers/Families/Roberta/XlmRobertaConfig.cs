using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Families.Roberta;

/// <summary>The configuration of an XLM-RoBERTa model: RoBERTa under another name.</summary>
public sealed record XlmRobertaConfig : RobertaConfig
{
    /// <summary>Creates a configuration with the defaults of the family.</summary>
    public XlmRobertaConfig()
    {
    }

    internal XlmRobertaConfig(ConfigEntries entries)
        : base(entries)
    {
    }

    /// <inheritdoc/>
    public override string ModelType => "xlm-roberta";

    /// <inheritdoc/>
    public override int VocabularySize { get; init; } = 30522;

    internal override string ArchitecturePrefix => "XLMRoberta";
}
