using AdaLora.Internals;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Processes;

/// <summary>
/// Sums the gradients of parameters over a group, all of one element type in one collective. Behind the gradients travels, for each parameter, how many processes have one: a parameter that
/// only some of them reached gets its sum everywhere, and one that none reached stays without, as if there were a single process.
/// </summary>
internal static class GradientSum
{
    public static void Over(IProcessGroup group, IReadOnlyList<Parameter> parameters)
    {
        if (group.Size == 1)
            return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var alike in parameters.GroupBy(p => p.dtype))
            Exchange(group, [.. alike]);
    }

    private static void Exchange(IProcessGroup group, Parameter[] parameters)
    {
        var gradients = parameters.Select(p => p.grad).ToArray();
        var buffer = cat([.. parameters.Zip(gradients, (p, g) => g is null ? zeros_like(p).flatten() : Dense(g).flatten()), Counts(parameters[0], gradients)]);
        group.AllReduce(buffer);
        var sums = buffer.split([.. parameters.Select(p => p.numel()), parameters.Length]);
        var isReached = gradients.All(g => g is not null) ? null : HostRead.Values<bool>(sums[^1].gt(zeros_like(sums[^1])));
        for (var i = 0; i < parameters.Length; i++)
        {
            if (gradients[i] is { is_sparse: false } present)
                present.copy_(sums[i].view(present.shape));
            else if (gradients[i] is not null || isReached![i])
                parameters[i].grad = sums[i].view(parameters[i].shape).clone();
        }
    }

    private static Tensor Counts(Parameter like, Tensor?[] gradients) =>
        tensor(gradients.Select(g => g is null ? 0f : 1f).ToArray(), device: like.device).to(like.dtype);

    private static Tensor Dense(Tensor gradient) => gradient.is_sparse ? gradient.to_dense() : gradient;
}
