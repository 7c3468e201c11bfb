using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.Bert;

/// <summary>BERT with a linear classifier, or regressor, on the pooled first token.</summary>
public sealed class BertForSequenceClassification : SequenceClassifier
{
    [ComponentName(Name = "bert")]
    private readonly BertModel _bert;

    [ComponentName(Name = "dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    [ComponentName(Name = "classifier")]
    private readonly Module<Tensor, Tensor> _classifier;

    /// <summary>Makes a model with random weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="labels">The number of classes, or 1 for regression.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <exception cref="ArgumentException">The configuration has faults, which are listed, or <paramref name="labels"/> is below 1.</exception>
    public BertForSequenceClassification(BertConfig config, int labels, long? seed)
        : this(config, labels) => WeightInitializer.Initialize(this, seed);

    internal BertForSequenceClassification(BertConfig config, int labels)
        : base(nameof(BertForSequenceClassification), config, labels)
    {
        _bert = new BertModel(config);
        _dropout = new Dropout(config.ClassifierDropout ?? config.HiddenDropout);
        _classifier = Unfilled.Linear(config.HiddenSize, labels);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override TextEncoder Encoder => _bert;

    private protected override IReadOnlyList<string> HeadPrefixes => ["classifier."];

    private protected override IReadOnlyList<string> OptionalPrefixes => ["bert.pooler."];

    private protected override Tensor Classify(Tensor firsts) => _classifier.call(_dropout.call(_bert.PoolFirsts(firsts)));
}
