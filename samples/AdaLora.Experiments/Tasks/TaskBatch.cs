using AdaLora.Training;
using AdaLora.Training.Data;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Tasks;

/// <summary>Some examples in plain arrays; tensors are made where they are used.</summary>
internal sealed class TaskBatch
{
    private readonly Func<Tensor>? _mean;
    private readonly Func<LossSum>? _sum;

    /// <summary>A batch whose examples count alike.</summary>
    /// <param name="size">How many examples and tokens there are.</param>
    /// <param name="loss">Computes the mean loss of the examples, on the trainer's thread.</param>
    public TaskBatch(BatchSize size, Func<Tensor> loss) => (Size, _mean) = (size, loss);

    /// <summary>A batch whose tokens count alike, of a task that sums losses (<see cref="ITaskModel.SumsLosses"/>).</summary>
    /// <param name="size">How many examples and tokens there are.</param>
    /// <param name="loss">Computes the sum of the tokens' losses and their number, on the trainer's thread.</param>
    public TaskBatch(BatchSize size, Func<LossSum> loss) => (Size, _sum) = (size, loss);

    public BatchSize Size { get; }

    /// <summary>The mean loss.</summary>
    public Tensor Loss()
    {
        if (_mean is not null)
            return _mean();
        var sum = _sum!();
        return sum.Sum.div(sum.Count.to(sum.Sum.dtype));
    }

    /// <summary>The sum of losses and their number.</summary>
    public LossSum LossSum() => _sum!();
}
