using AdaLora.Internals;
using AdaLora.Training.Data;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tokenization;
using static TorchSharp.torch;

namespace AdaLora.Glue.Tasks;

/// <summary>Some examples as plain arrays, and what a classifier computes of them.</summary>
internal sealed class ExampleBatch(TokenBatch tokens, double[][] labels)
{
    public TokenBatch Tokens => tokens;

    /// <summary>The label of each example, as <see cref="EncodedExamples.Labels"/> has it.</summary>
    public IReadOnlyList<double[]> Labels => labels;

    public BatchSize Size => new(labels.Length, tokens.AttentionMask.Sum());

    public Tensor Logits(SequenceClassifier model)
    {
        using var scope = NewDisposeScope();
        var (ids, mask, types) = tokens.ToTensorsFor(model);
        return model.call(ids, mask, types).MoveToOuterDisposeScope();
    }

    /// <summary>The mean loss of logits that <see cref="Logits"/> gave.</summary>
    public Tensor Loss(SequenceClassifier model, Tensor logits)
    {
        using var scope = NewDisposeScope();
        // Several numbers say of every class whether the text has it.
        var loss = labels[0].Length == 1 ? model.Loss(logits, LabelTensor(model)) : nn.functional.binary_cross_entropy_with_logits(logits.to(ScalarType.Float32), LabelTensor(model));
        return loss.MoveToOuterDisposeScope();
    }

    public Tensor Loss(SequenceClassifier model)
    {
        using var scope = NewDisposeScope();
        return Loss(model, Logits(model)).MoveToOuterDisposeScope();
    }

    private Tensor LabelTensor(SequenceClassifier model)
    {
        var values = labels[0].Length > 1
            ? tensor(labels.SelectMany(label => label).ToArray(), [labels.Length, labels[0].Length], dtype: ScalarType.Float32)
            : model.Labels == 1 ? tensor(labels.Select(label => label[0]).ToArray(), dtype: ScalarType.Float32) : tensor(labels.Select(label => (long)label[0]).ToArray());
        return PinnedCopy.To(values, model.parameters().First().device);
    }
}
