using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Heads;

/// <summary>An encoder with a head that returns one row of numbers per text: a score per class, or one number for regression.</summary>
public abstract class SequenceClassifier : EncoderModel
{
    /// <summary>The label of rows that don't count in the loss.</summary>
    private const long IgnoredLabel = -100;

    private const string ClassifierName = "classifier";

    private readonly TextEncoder _encoder;
    private readonly Module<Tensor, Tensor>? _pooler;
    private readonly Module<Tensor, Tensor>? _dropout;
    private readonly Module<Tensor, Tensor> _classifier;
    private IReadOnlyList<string>? _classNames;

    /// <param name="name">The reference's name of the class.</param>
    /// <param name="encoder">The encoder.</param>
    /// <param name="labels">The number of classes, or 1 for regression.</param>
    /// <param name="pooler">The part of the head before dropout and classifier, with its name; null for none.</param>
    /// <param name="createClassifier">Creates a classifier that has its own dropout; null for dropout and one linear layer.</param>
    private protected SequenceClassifier(
        string name, TextEncoder encoder, int labels, (string Name, Module<Tensor, Tensor> Module)? pooler = null, Func<Module<Tensor, Tensor>>? createClassifier = null)
        : base(name, encoder.Config)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(labels, 1);
        // Marks the fields as registered: names are those of the family, and a module that contains this one would otherwise add the fields' own.
        RegisterComponents();
        Labels = labels;
        _encoder = encoder;
        register_module(encoder.BasePrefix, encoder);
        if (pooler is { } own)
        {
            _pooler = own.Module;
            register_module(own.Name, _pooler);
            HeadPrefixes = [.. HeadPrefixes, own.Name + "."];
        }

        if (createClassifier is null)
        {
            _dropout = new Dropout(Config.ClassifierDropout ?? Config.HiddenDropout);
            register_module("dropout", _dropout);
        }

        _classifier = createClassifier?.Invoke() ?? Unfilled.Linear(Config.HiddenSize, labels);
        register_module(ClassifierName, _classifier);
    }

    /// <summary>The number of classes, or 1 for regression.</summary>
    public int Labels { get; }

    /// <summary>The encoder below the head.</summary>
    public TextEncoder Encoder => _encoder;

    /// <summary>
    /// The names of the classes in the order of their numbers, as <see cref="NameClasses"/> or the checkpoint of the head gave them; null for a new head, or without a name for each.
    /// </summary>
    public IReadOnlyList<string>? ClassNames =>
        _classNames ?? (Config.LabelNames is { } names && names.Count == Labels && Enumerable.Range(0, Labels).All(label => names.ContainsKey($"{label}"))
            ? [.. Enumerable.Range(0, Labels).Select(label => names[$"{label}"])]
            : null);

    internal sealed override TextEncoder Text => Encoder;

    internal sealed override string BasePrefix => Encoder.BasePrefix;

    private protected sealed override IReadOnlyList<string> HeadPrefixes { get; } = [ClassifierName + "."];

    private protected sealed override ModelConfig ConfigToSave =>
        _classNames is { } names ? Config with { LabelNames = Enumerable.Range(0, Labels).ToDictionary(label => $"{label}", label => names[label]) } : Config.WithLabels(Labels);

    /// <summary>Names the classes of a new head: <see cref="Loading.PretrainedModel.SaveCheckpoint"/> writes these names, so that readers of the checkpoint know what it predicts.</summary>
    /// <param name="names">A name for each class in the order of their numbers, all different.</param>
    /// <exception cref="ArgumentNullException"><paramref name="names"/> is null.</exception>
    /// <exception cref="ArgumentException">There are more or fewer names than <see cref="Labels"/>, one is empty, or two are the same.</exception>
    public void NameClasses(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Count != Labels)
            throw new ArgumentException($"There are {names.Count} names for {Labels} classes.", nameof(names));
        if (names.Any(string.IsNullOrWhiteSpace) || names.Distinct(StringComparer.Ordinal).Count() < names.Count)
            throw new ArgumentException($"Each class needs its own name; the names are '{string.Join("', '", names)}'.", nameof(names));
        _classNames = [.. names];
    }

    /// <summary>Compares the classes of some data with those of a head that came with a checkpoint: in a different order, it would give each class the name of another.</summary>
    /// <param name="classes">The data's class names in the order of their numbers.</param>
    /// <returns>What differs, in words; null if nothing does, letter case aside, or the head is new or its classes have no names of their own (LABEL_0 ...).</returns>
    /// <exception cref="ArgumentNullException"><paramref name="classes"/> is null.</exception>
    public string? DescribeClassMismatch(IReadOnlyList<string> classes)
    {
        ArgumentNullException.ThrowIfNull(classes);
        if (ClassNames is not { } own || own.Select((name, label) => name == $"LABEL_{label}").All(isUnnamed => isUnnamed))
            return null;
        if (own.Count != classes.Count)
            return $"The checkpoint has {own.Count} classes ({string.Join(", ", own)}), but the data has {classes.Count} ({string.Join(", ", classes)}).";
        var differences = own.Zip(classes, (stored, given) => (Stored: stored, Given: given)).Select((pair, label) => (pair.Stored, pair.Given, Label: label))
            .Where(pair => !string.Equals(pair.Stored, pair.Given, StringComparison.OrdinalIgnoreCase))
            .Select(pair => $"{pair.Label} is '{pair.Stored}' in the checkpoint and '{pair.Given}' in the data").ToList();
        return differences.Count == 0 ? null : $"The classes differ: {string.Join("; ", differences)}.";
    }

    /// <summary>Classifies a batch.</summary>
    /// <param name="inputIds">Token ids, int64, batch x length.</param>
    /// <param name="attentionMask">1 for real tokens and 0 for padding, batch x length; null if there is no padding.</param>
    /// <param name="tokenTypeIds">Type ids, int64, batch x length; null for all 0. Ignored by models without token types.</param>
    /// <returns>Logits, batch x <see cref="Labels"/>.</returns>
    /// <exception cref="ArgumentException">A shape is wrong, the texts are longer than the model's positions, or, in the host's memory, an id or type is beyond the model's tables.</exception>
    public sealed override Tensor forward(Tensor inputIds, Tensor? attentionMask, Tensor? tokenTypeIds)
    {
        using var scope = NewDisposeScope();
        return Classify(Encoder.FirstStates(inputIds, attentionMask, tokenTypeIds)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The loss of a batch by the problem type of the configuration; without one, mean squared error for one label and mean cross-entropy otherwise. For several labels per text
    /// (multi_label_classification) it is the mean binary cross-entropy. Computed in float32 at least.
    /// </summary>
    /// <param name="logits">The model's output, batch x <see cref="Labels"/>.</param>
    /// <param name="labels">
    /// Class numbers (int64, one per row; rows with -100 don't count), or floats: batch x <see cref="Labels"/>, or one per row if there is one label. Class numbers in the host's memory are
    /// checked; those on a device are not, because that would mean waiting for it.
    /// </param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException">The logits have the wrong shape, class numbers aren't int64 or there is no such class, or the number of labels is wrong.</exception>
    public Tensor Loss(Tensor logits, Tensor labels)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(labels);
        var shape = logits.shape;
        if (shape.Length != 2 || shape[1] != Labels)
            throw new ArgumentException($"Logits must be batch x {Labels}; the shape is [{string.Join(", ", shape)}].", nameof(logits));
        var problem = Config.ProblemType ?? (Labels == 1 ? "regression" : "single_label_classification");
        var isSingle = problem == "single_label_classification";
        var needed = isSingle ? shape[0] : shape[0] * Labels;
        if (labels.NumberOfElements != needed)
            throw new ArgumentException($"There are {labels.NumberOfElements} labels for {shape[0]} rows; {needed} are needed ({problem}).", nameof(labels));
        if (isSingle && labels.dtype != ScalarType.Int64)
            throw new ArgumentException($"Class numbers must be int64; they are {labels.dtype}.", nameof(labels));
        if (isSingle)
            HostIds.RequireBelow(labels, Labels, "class number", "classes", nameof(labels), ignored: IgnoredLabel);
        using var scope = NewDisposeScope();
        var wide = Losses.Widen(logits);
        var loss = problem switch
        {
            "regression" => nn.functional.mse_loss(wide.view(-1), labels.view(-1).to(wide.dtype)),
            "multi_label_classification" => nn.functional.binary_cross_entropy_with_logits(wide.view(-1), labels.view(-1).to(wide.dtype)),
            _ => nn.functional.cross_entropy(wide, labels.view(-1)),
        };
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>The part of the head before the dropout: last states of first tokens in, batch x hidden size, as many out.</summary>
    private protected virtual Tensor Pool(Tensor firsts) => _pooler is null ? firsts : _pooler.call(firsts);

    private Tensor Classify(Tensor firsts)
    {
        var pooled = Pool(firsts);
        return _classifier.call(_dropout is null ? pooled : _dropout.call(pooled));
    }
}
