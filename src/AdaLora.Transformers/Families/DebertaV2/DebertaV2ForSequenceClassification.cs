using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;

namespace AdaLora.Transformers.Families.DebertaV2;

/// <summary>DeBERTa of version 2 or 3 with a classifier, or regressor, on the pooled first token.</summary>
public sealed class DebertaV2ForSequenceClassification : SequenceClassifier
{
    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="labels">The number of classes, or 1 for regression.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <exception cref="ArgumentException">The configuration has faults, which are listed, or <paramref name="labels"/> is below 1.</exception>
    public DebertaV2ForSequenceClassification(DebertaV2Config config, int labels, long? seed)
        : this(config, labels) => WeightInitializer.Initialize(this, seed);

    internal DebertaV2ForSequenceClassification(DebertaV2Config config, int labels)
        : base(nameof(DebertaV2ForSequenceClassification), new DebertaV2Model(config), labels, ("pooler", new ContextPooler(config)))
    {
    }
}
