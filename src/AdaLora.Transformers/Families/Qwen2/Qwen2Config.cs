using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Families.Qwen2;

/// <summary>The configuration of a Qwen2 or Qwen2.5 model.</summary>
public sealed record Qwen2Config : QwenDecoderConfig
{
    /// <summary>Creates a configuration with the defaults of the family.</summary>
    public Qwen2Config()
    {
    }

    internal Qwen2Config(ConfigEntries entries)
        : base(entries)
    {
    }

    /// <inheritdoc/>
    public override string ModelType => "qwen2";
}
