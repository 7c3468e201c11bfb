using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;

namespace AdaLora.Transformers.Families.Electra;

/// <summary>ELECTRA with a classifier, or regressor, of two dense layers on the first token.</summary>
public sealed class ElectraForSequenceClassification : SequenceClassifier
{
    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="labels">The number of classes, or 1 for regression.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <exception cref="ArgumentException">The configuration has faults, which are listed, or <paramref name="labels"/> is below 1.</exception>
    public ElectraForSequenceClassification(ElectraConfig config, int labels, long? seed)
        : this(config, labels) => WeightInitializer.Initialize(this, seed);

    internal ElectraForSequenceClassification(ElectraConfig config, int labels)
        : base(nameof(ElectraForSequenceClassification), new ElectraModel(config), labels, createClassifier: () => new FirstTokenHead(config, labels, "gelu"))
    {
    }
}
