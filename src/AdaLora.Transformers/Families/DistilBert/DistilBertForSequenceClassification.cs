using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.DistilBert;

/// <summary>DistilBERT with a classifier, or regressor, of two dense layers on the first token.</summary>
public sealed class DistilBertForSequenceClassification : SequenceClassifier
{
    [ComponentName(Name = "distilbert")]
    private readonly DistilBertModel _distilBert;

    [ComponentName(Name = "pre_classifier")]
    private readonly Module<Tensor, Tensor> _preClassifier;

    [ComponentName(Name = "dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    [ComponentName(Name = "classifier")]
    private readonly Module<Tensor, Tensor> _classifier;

    /// <summary>Makes a model with random weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="labels">The number of classes, or 1 for regression.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <exception cref="ArgumentException">The configuration has faults, which are listed, or <paramref name="labels"/> is below 1.</exception>
    public DistilBertForSequenceClassification(DistilBertConfig config, int labels, long? seed)
        : this(config, labels) => WeightInitializer.Initialize(this, seed);

    internal DistilBertForSequenceClassification(DistilBertConfig config, int labels)
        : base(nameof(DistilBertForSequenceClassification), config, labels)
    {
        _distilBert = new DistilBertModel(config);
        _preClassifier = Unfilled.Linear(config.HiddenSize, config.HiddenSize);
        _dropout = new Dropout(config.ClassifierDropout ?? config.HiddenDropout);
        _classifier = Unfilled.Linear(config.HiddenSize, labels);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override TextEncoder Encoder => _distilBert;

    private protected override IReadOnlyList<string> HeadPrefixes => ["classifier.", "pre_classifier."];

    private protected override Tensor Classify(Tensor firsts)
    {
        var inner = functional.relu(_preClassifier.call(firsts));
        return _classifier.call(_dropout.call(inner));
    }
}
