using AdaLora.Transformers.Heads;
using static TorchSharp.torch;

namespace AdaLora.Glue;

/// <summary>From plain batches to what a classifier computes of them.</summary>
internal static class BatchTensors
{
    public static Tensor Logits(SequenceClassifier model, ExampleBatch batch)
    {
        using var scope = NewDisposeScope();
        var (ids, mask, types) = batch.Tokens.ToTensorsFor(model);
        return model.call(ids, mask, types).MoveToOuterDisposeScope();
    }

    public static Tensor Labels(SequenceClassifier model, ExampleBatch batch) => model.Labels == 1
        ? tensor(batch.Labels, dtype: ScalarType.Float32, device: DeviceOf(model))
        : tensor(batch.Labels.Select(l => (long)l).ToArray(), device: DeviceOf(model));

    public static Tensor Loss(SequenceClassifier model, ExampleBatch batch)
    {
        using var scope = NewDisposeScope();
        return model.Loss(Logits(model, batch), Labels(model, batch)).MoveToOuterDisposeScope();
    }

    private static Device DeviceOf(SequenceClassifier model) => model.parameters().First().device;
}
