namespace AdaLora.Transformers.Layers;

/// <summary>Attention that can be given a prefix.</summary>
internal interface IPrefixable
{
    /// <summary>The prefix, or null. It is a part of the module, so that its parameters are among the model's.</summary>
    AttentionPrefix? Prefix { get; set; }
}
