using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.DistilBert;

/// <summary>DistilBERT with a classifier, or regressor, of two dense layers on the first token.</summary>
public sealed class DistilBertForSequenceClassification : SequenceClassifier
{
    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="labels">The number of classes, or 1 for regression.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <exception cref="ArgumentException">The configuration has faults, which are listed, or <paramref name="labels"/> is below 1.</exception>
    public DistilBertForSequenceClassification(DistilBertConfig config, int labels, long? seed)
        : this(config, labels) => WeightInitializer.Initialize(this, seed);

    internal DistilBertForSequenceClassification(DistilBertConfig config, int labels)
        : base(nameof(DistilBertForSequenceClassification), new DistilBertModel(config), labels, ("pre_classifier", Unfilled.Linear(config.HiddenSize, config.HiddenSize)))
    {
    }

    private protected override Tensor Pool(Tensor firsts) => functional.relu(base.Pool(firsts));
}
