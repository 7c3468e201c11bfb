using static TorchSharp.torch;

namespace AdaLora.Transformers.Models;

/// <summary>An encoder with a head that gives one row of numbers per text: a score per class, or one number for regression.</summary>
public abstract class SequenceClassifier : PretrainedModel
{
    private protected SequenceClassifier(string name, EncoderConfig config, int labels)
        : base(name, config)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(labels, 1);
        Labels = labels;
    }

    /// <summary>The number of classes, or 1 for regression.</summary>
    public int Labels { get; }

    /// <summary>The encoder below the head.</summary>
    public abstract TextEncoder Encoder { get; }

    internal sealed override string EncoderPrefix => Encoder.EncoderPrefix;

    private protected sealed override EncoderConfig ConfigToSave => Config.WithLabels(Labels);

    /// <summary>
    /// Loads a checkpoint of whatever supported family it is. Its head is used if it has one; else a new one is initialised, which <see cref="PretrainedModel.LoadReport"/>
    /// tells. The model is in evaluation mode.
    /// </summary>
    /// <param name="folder">The folder with config.json and model.safetensors.</param>
    /// <param name="labels">The number of classes, 1 for regression, or null for as many as config.json names.</param>
    /// <param name="device">Where to put the model; the CPU if null.</param>
    /// <param name="dtype">The element type of the weights; float32 if null, whatever the checkpoint has.</param>
    /// <param name="seed">Seeds the values of a new head; TorchSharp's global generator is used if null.</param>
    /// <param name="newHead">Whether to start with a new head even if the checkpoint has one, for example for another number of classes.</param>
    /// <param name="memoryMapped">
    /// Whether the weights stay a part of the file, see <see cref="Serialization.SafetensorsFile.Map"/>, where the element types agree. The file must not be shortened or overwritten in place while the model lives.
    /// </param>
    /// <returns>The model.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="labels"/> is below 1.</exception>
    /// <exception cref="Checkpoints.CheckpointException">The folder can't be used, or its tensors don't fit: all that are missing or of another shape are listed.</exception>
    /// <exception cref="Serialization.SafetensorsException">A weight file breaks the format.</exception>
    public static SequenceClassifier FromPretrained(
        string folder, int? labels = null, Device? device = null, ScalarType? dtype = null, long? seed = null, bool newHead = false, bool memoryMapped = false) =>
        Load(
            folder,
            (family, config) => family.SequenceClassifier(config, labels ?? config.LabelNames?.Count ?? 2),
            new PretrainedOptions(device, dtype, seed, newHead, memoryMapped));

    /// <summary>Classifies a batch.</summary>
    /// <param name="inputIds">Token ids, int64, batch x length.</param>
    /// <param name="attentionMask">1 for real tokens and 0 for padding, batch x length; null if there is no padding.</param>
    /// <param name="tokenTypeIds">Type ids, int64, batch x length; null for all 0. Ignored by models without token types.</param>
    /// <returns>Logits, batch x <see cref="Labels"/>.</returns>
    /// <exception cref="ArgumentException">A shape is wrong, or the texts are longer than the model's positions.</exception>
    public sealed override Tensor forward(Tensor inputIds, Tensor? attentionMask, Tensor? tokenTypeIds)
    {
        using var scope = NewDisposeScope();
        return Classify(Encoder.FirstStates(inputIds, attentionMask, tokenTypeIds)).MoveToOuterDisposeScope();
    }

    /// <summary>The loss of a batch: mean squared error for one label, else mean cross-entropy. Computed in float32 at least.</summary>
    /// <param name="logits">What the model gave, batch x <see cref="Labels"/>.</param>
    /// <param name="labels">One value per row: floats for regression, class numbers (int64) else.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException">The logits have another shape, class numbers aren't int64, or there aren't as many labels as rows.</exception>
    public Tensor Loss(Tensor logits, Tensor labels)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(labels);
        var shape = logits.shape;
        if (shape.Length != 2 || shape[1] != Labels)
            throw new ArgumentException($"Logits must be batch x {Labels}; the shape is [{string.Join(", ", shape)}].", nameof(logits));
        if (labels.NumberOfElements != shape[0])
            throw new ArgumentException($"There are {labels.NumberOfElements} labels for {logits.shape[0]} rows.", nameof(labels));
        if (Labels > 1 && labels.dtype != ScalarType.Int64)
            throw new ArgumentException($"Class numbers must be int64; they are {labels.dtype}.", nameof(labels));
        using var scope = NewDisposeScope();
        var wide = Losses.Widen(logits);
        var loss = Labels == 1
            ? nn.functional.mse_loss(wide.view(-1), labels.view(-1).to(wide.dtype))
            : nn.functional.cross_entropy(wide, labels.view(-1));
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>The head: last states of first tokens in, batch x hidden size, logits out.</summary>
    private protected abstract Tensor Classify(Tensor firsts);
}
