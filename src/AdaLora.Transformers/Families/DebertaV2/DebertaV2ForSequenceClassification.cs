using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.DebertaV2;

/// <summary>DeBERTa of version 2 or 3 with a classifier, or regressor, on the pooled first token.</summary>
public sealed class DebertaV2ForSequenceClassification : SequenceClassifier
{
    [ComponentName(Name = "deberta")]
    private readonly DebertaV2Model _deberta;

    [ComponentName(Name = "pooler")]
    private readonly Module<Tensor, Tensor> _pooler;

    [ComponentName(Name = "dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    [ComponentName(Name = "classifier")]
    private readonly Module<Tensor, Tensor> _classifier;

    /// <summary>Makes a model with random weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="labels">The number of classes, or 1 for regression.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <exception cref="ArgumentException">The configuration has faults, which are listed, or <paramref name="labels"/> is below 1.</exception>
    public DebertaV2ForSequenceClassification(DebertaV2Config config, int labels, long? seed)
        : this(config, labels) => WeightInitializer.Initialize(this, seed);

    internal DebertaV2ForSequenceClassification(DebertaV2Config config, int labels)
        : base(nameof(DebertaV2ForSequenceClassification), config, labels)
    {
        _deberta = new DebertaV2Model(config);
        _pooler = new ContextPooler(config);
        _dropout = new Dropout(config.ClassifierDropout ?? config.HiddenDropout);
        _classifier = Unfilled.Linear(config.HiddenSize, labels);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override TextEncoder Encoder => _deberta;

    private protected override IReadOnlyList<string> HeadPrefixes => ["classifier.", "pooler."];

    private protected override Tensor Classify(Tensor firsts) => _classifier.call(_dropout.call(_pooler.call(firsts)));
}
