using AdaLora.Internals;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Processes;

/// <summary>
/// What the processes of a group exchange in an optimiser step: their gradients, and behind those of the parameters that are trained in full, two numbers: how many parameters have no gradient
/// here, and whether this process wants to end.
/// </summary>
/// <param name="group">The processes.</param>
/// <param name="wantsToEnd">Whether this one wants all to end after the step.</param>
internal sealed class StepExchange(IProcessGroup group, bool wantsToEnd = false)
{
    public IProcessGroup Group => group;

    /// <summary>Whether any process wants to end; known after <see cref="Sum(IReadOnlyList{Parameter})"/>.</summary>
    public bool IsEnd { get; private set; } = wantsToEnd;

    /// <summary>Sums the gradients of the triplets.</summary>
    public void Sum(Tensor gradients) => group.AllReduce(gradients);

    /// <summary>
    /// Sums the gradients of parameters, all of one element type in one collective. A parameter that only some of the processes reached gets its sum everywhere, and one that none reached
    /// stays without, as if there were a single process.
    /// </summary>
    public void Sum(IReadOnlyList<Parameter> parameters)
    {
        if (group.Size > 1)
            SumOverSeveral(parameters);
    }

    private void SumOverSeveral(IReadOnlyList<Parameter> parameters)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var missing = parameters.Count(p => p.grad is null);
        var kinds = parameters.GroupBy(p => p.dtype).Select(alike => alike.ToArray()).ToList();
        Tensor[] sums = [.. kinds.Select((alike, i) => Summed(alike, i == 0 ? [missing, IsEnd ? 1 : 0] : []))];
        var decisions = kinds.Count > 0 ? sums[0].narrow(0, sums[0].numel() - 2, 2) : Summed([missing, IsEnd ? 1 : 0]);
        var decided = HostRead.Values<float>(decisions.to(ScalarType.Float32));
        IsEnd = decided[1] > 0;
        foreach (var (alike, sum) in kinds.Zip(sums))
            Place(alike, sum, decided[0] > 0 ? Summed([.. alike.Select(p => p.grad is null ? 0f : 1f)]) : null);
    }

    private Tensor Summed(Parameter[] parameters, float[] decisions)
    {
        Tensor[] parts = [.. parameters.Select(p => p.grad is null ? zeros_like(p).flatten() : Dense(p.grad).flatten())];
        var buffer = cat(decisions.Length == 0 ? parts : [.. parts, tensor(decisions, device: parameters[0].device).to(parameters[0].dtype)]);
        group.AllReduce(buffer);
        return buffer;
    }

    private Tensor Summed(float[] numbers)
    {
        var buffer = tensor(numbers, device: CPU);
        group.AllReduce(buffer);
        return buffer;
    }

    // Which processes have a gradient is asked only if one of them lacks some.
    private static void Place(Parameter[] parameters, Tensor sum, Tensor? holders)
    {
        var counts = holders is null ? null : HostRead.Values<float>(holders);
        var start = 0L;
        for (var i = 0; i < parameters.Length; i++)
        {
            var (parameter, own) = (parameters[i], sum.narrow(0, start, parameters[i].numel()).view(parameters[i].shape));
            start += parameter.numel();
            if (parameter.grad is { is_sparse: false } present)
                present.copy_(own);
            else if (parameter.grad is not null || counts![i] > 0)
                parameter.grad = own.clone();
        }
    }

    private static Tensor Dense(Tensor gradient) => gradient.is_sparse ? gradient.to_dense() : gradient;
}
