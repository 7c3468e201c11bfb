using AdaLora.Training.Data;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Tasks;

/// <summary>Some examples in plain arrays; tensors are made where they are used.</summary>
/// <param name="size">How many examples and tokens there are.</param>
/// <param name="loss">Computes the mean loss of the examples, on the trainer's thread.</param>
internal sealed class TaskBatch(BatchSize size, Func<Tensor> loss)
{
    public BatchSize Size => size;

    public Tensor Loss() => loss();
}
