using AdaLora.Internals;
using AdaLora.Training.Data;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tokenization;
using static TorchSharp.torch;

namespace AdaLora.Glue.Tasks;

/// <summary>Some examples as plain arrays, and what a classifier computes of them.</summary>
internal sealed class ExampleBatch(TokenBatch tokens, double[] labels)
{
    public TokenBatch Tokens => tokens;

    public IReadOnlyList<double> Labels => labels;

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
        return model.Loss(logits, LabelTensor(model)).MoveToOuterDisposeScope();
    }

    public Tensor Loss(SequenceClassifier model)
    {
        using var scope = NewDisposeScope();
        return Loss(model, Logits(model)).MoveToOuterDisposeScope();
    }

    private Tensor LabelTensor(SequenceClassifier model)
    {
        var values = model.Labels == 1 ? tensor(labels, dtype: ScalarType.Float32) : tensor(labels.Select(label => (long)label).ToArray());
        return PinnedCopy.To(values, model.parameters().First().device);
    }
}
