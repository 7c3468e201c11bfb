using AdaLora.Bank;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>The bytes that training keeps of all triplets of a model.</summary>
internal sealed record AdapterState(long Parameters, long Values, long Gradients, long Statistics, long Moments)
{
    public long Total => Values + Gradients + Statistics + Moments;

    /// <param name="adapted">The model, after a step at least.</param>
    /// <param name="optimizer">What trains it.</param>
    public static AdapterState Of(AdaLoraModel adapted, optim.Optimizer optimizer)
    {
        using var scope = NewDisposeScope();
        var values = adapted.TrainableParameters[0];
        var moments = OptimizerFields.StatesOf(optimizer)[0];
        return new AdapterState(
            values.numel(),
            Bytes(values),
            values.grad is { } gradients ? Bytes(gradients) : 0,
            Bytes(adapted.Tracker.Sensitivity) + Bytes(adapted.Tracker.Uncertainty),
            OptimizerFields.Of(moments).Select(field => field.GetValue(moments)).OfType<Tensor>().Where(tensor => tensor.numel() == values.numel()).Sum(Bytes));
    }

    private static long Bytes(Tensor tensor) => tensor.numel() * tensor.element_size();
}
