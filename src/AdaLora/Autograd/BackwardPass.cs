using static TorchSharp.torch;

namespace AdaLora.Autograd;

/// <summary>
/// What every backward pass written in C# needs. libtorch calls it from native code, where an exception would end the process: it is kept until <see cref="ThrowIfFailed"/>. And libtorch
/// takes gradients over without telling when, so that the tensors that carried them are freed at the next pass, not at the end of the step, when all of them would have been alive.
/// </summary>
internal static class BackwardPass
{
    [ThreadStatic]
    private static Tensor?[]? _handedOver;

    private static Exception? _failure;

    /// <param name="gradient">Of the output; freed afterwards.</param>
    /// <param name="inputs">Number of arguments of the forward pass.</param>
    /// <param name="compute">Gives the gradient of each argument, null where there is none.</param>
    public static List<Tensor> Run(Tensor gradient, int inputs, Func<Tensor, Tensor?[]> compute)
    {
        Release();
        Tensor?[] results;
        try
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            results = compute(gradient);
            foreach (var result in results)
                result?.DetachFromDisposeScope();
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _failure, e, null);
            results = new Tensor?[inputs];
        }

        gradient.Dispose();
        _handedOver = results;
        return [.. results.Select(result => result!)];
    }

    /// <summary>Throws if a backward pass has failed since the last call.</summary>
    /// <exception cref="InvalidOperationException">It has; the reason is the inner exception.</exception>
    public static void ThrowIfFailed()
    {
        if (Interlocked.Exchange(ref _failure, null) is { } failure)
            throw new InvalidOperationException($"A backward pass failed, so that gradients are missing: {failure.Message}", failure);
    }

    private static void Release()
    {
        foreach (var tensor in _handedOver ?? [])
            tensor?.Dispose();
        _handedOver = null;
    }
}
