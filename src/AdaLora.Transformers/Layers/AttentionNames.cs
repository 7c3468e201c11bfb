namespace AdaLora.Transformers.Layers;

/// <summary>A family's names for the projections of an attention layer.</summary>
/// <param name="Query">The projection to queries.</param>
/// <param name="Key">That to keys.</param>
/// <param name="Value">That to values.</param>
/// <param name="Output">The output projection; null if there is none.</param>
internal sealed record AttentionNames(string Query, string Key, string Value, string? Output);
