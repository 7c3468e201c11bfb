using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Loading;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Families.Bert;

/// <summary>BERT with a linear classifier, or regressor, on the pooled first token.</summary>
public sealed class BertForSequenceClassification : SequenceClassifier
{
    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="labels">The number of classes, or 1 for regression.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <exception cref="ArgumentException">The configuration has faults, which are listed, or <paramref name="labels"/> is below 1.</exception>
    public BertForSequenceClassification(BertConfig config, int labels, long? seed)
        : this(config, labels) => WeightInitializer.Initialize(this, seed);

    internal BertForSequenceClassification(BertConfig config, int labels)
        : base(nameof(BertForSequenceClassification), new BertModel(config), labels)
    {
    }

    private protected override IReadOnlyList<string> OptionalPrefixes => ["bert.pooler."];

    private protected override Tensor Pool(Tensor firsts) => ((BertModel)Encoder).PoolFirsts(firsts);
}
