namespace AdaLora.Transformers.Configuration;

/// <summary>What the config.json of every decoder says, under the names of the Hugging Face hub. Entries that have no property here are kept and written again.</summary>
public abstract record DecoderConfig : LanguageModelConfig
{
    /// <summary>Creates a configuration with the defaults of its family.</summary>
    protected DecoderConfig()
    {
    }

    private protected DecoderConfig(ConfigEntries entries)
        : base(entries)
    {
    }

    private protected override IReadOnlyList<string> Unsupported => [.. base.Unsupported, "is_encoder_decoder", "add_cross_attention"];
}
