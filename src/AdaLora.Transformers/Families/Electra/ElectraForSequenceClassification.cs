using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Layers;
using AdaLora.Transformers.Loading;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.Electra;

/// <summary>ELECTRA with a classifier, or regressor, of two dense layers on the first token.</summary>
public sealed class ElectraForSequenceClassification : SequenceClassifier
{
    [ComponentName(Name = "electra")]
    private readonly ElectraModel _electra;

    [ComponentName(Name = "classifier")]
    private readonly Module<Tensor, Tensor> _classifier;

    /// <summary>Makes a model with random weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="labels">The number of classes, or 1 for regression.</param>
    /// <param name="seed">Seeds the weights; TorchSharp's global generator is used if null.</param>
    /// <exception cref="ArgumentException">The configuration has faults, which are listed, or <paramref name="labels"/> is below 1.</exception>
    public ElectraForSequenceClassification(ElectraConfig config, int labels, long? seed)
        : this(config, labels) => WeightInitializer.Initialize(this, seed);

    internal ElectraForSequenceClassification(ElectraConfig config, int labels)
        : base(nameof(ElectraForSequenceClassification), config, labels)
    {
        _electra = new ElectraModel(config);
        _classifier = new FirstTokenHead(config, labels, "gelu");
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override TextEncoder Encoder => _electra;

    private protected override IReadOnlyList<string> HeadPrefixes => ["classifier."];

    private protected override Tensor Classify(Tensor firsts) => _classifier.call(firsts);
}
