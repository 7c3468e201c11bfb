using AdaLora.Training.Data;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Glue;

/// <summary>Some examples as plain arrays; tensors are made where they are used.</summary>
internal sealed record ExampleBatch(TokenBatch Tokens, double[] Labels)
{
    public BatchSize Size => new(Labels.Length, Tokens.AttentionMask.Sum());
}
