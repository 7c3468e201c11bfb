using static TorchSharp.torch;

namespace AdaLora.Internals;

/// <summary>
/// What every backward pass written in C# needs. libtorch calls it from native code, where an exception would end the process: it is stored with the training
/// (<see cref="BackwardFailure"/>), and the gradients are zeros. They must not be undefined, since a function in front of this one may then create zeros shaped like one of its outputs that
/// has been freed, and throw. And libtorch takes over gradients without saying when, so the tensors that carried them are freed at the next pass rather than at the end of the step, when all
/// of them would have been alive.
/// </summary>
internal static class BackwardPass
{
    private const string NeedsKey = "needs";
    private const string FailureKey = "failure";

    [ThreadStatic]
    private static Tensor?[]? _handedOver;

    /// <summary>Call from the forward pass.</summary>
    /// <param name="context">The node's context.</param>
    /// <param name="arguments">The arguments of the forward pass.</param>
    /// <param name="failure">Where to store an exception.</param>
    public static void Prepare(autograd.AutogradContext context, object[] arguments, BackwardFailure failure)
    {
        context.set_materialize_grads(false);
        context.save_data(NeedsKey, new GradientNeeds(arguments));
        context.save_data(FailureKey, failure);
    }

    /// <param name="context">The node's context.</param>
    /// <param name="gradient">The gradient of the output, undefined if later nodes gave none; freed afterwards.</param>
    /// <param name="compute">Returns the gradient of each argument, null where none is needed.</param>
    public static List<Tensor> Run(autograd.AutogradContext context, Tensor gradient, Func<Tensor, GradientNeeds, Tensor?[]> compute) =>
        Run(context, [gradient], (gradients, needs) => compute(gradients[0], needs));

    /// <param name="context">The node's context.</param>
    /// <param name="gradients">The gradient of each output, undefined if later nodes gave none; freed afterwards.</param>
    /// <param name="compute">Returns the gradient of each argument, null where none is needed. At least one output has a gradient.</param>
    public static List<Tensor> Run(autograd.AutogradContext context, IReadOnlyList<Tensor> gradients, Func<IReadOnlyList<Tensor>, GradientNeeds, Tensor?[]> compute)
    {
        var needs = (GradientNeeds)context.get_data(NeedsKey);
        Tensor?[] results;
        try
        {
            Release();
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            results = gradients.All(gradient => gradient.IsInvalid) ? needs.Zeros() : compute(gradients, needs);
            foreach (var result in results)
                result?.DetachFromDisposeScope();
        }
        catch (Exception e)
        {
            ((BackwardFailure)context.get_data(FailureKey)).Note(e);
            results = needs.ZerosOrNone();
        }

        foreach (var gradient in gradients)
            gradient.Dispose();
        // A node that computes its part of the model again has run the backward passes of others meanwhile.
        Release();
        _handedOver = results;
        return [.. results.Select(result => result!)];
    }

    private static void Release()
    {
        foreach (var tensor in _handedOver ?? [])
            tensor?.Dispose();
        _handedOver = null;
    }
}
