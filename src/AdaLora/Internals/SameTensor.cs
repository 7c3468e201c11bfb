using static TorchSharp.torch;

namespace AdaLora.Internals;

/// <summary>
/// Tells whether two objects of TorchSharp stand for the same tensor of libtorch, with one gradient, or for two over the same memory, with one each. Their handles differ either way:
/// <c>output.weight = embedding.weight</c> is the former, since a native module makes a new handle for each reading.
/// </summary>
internal static class SameTensor
{
    /// <param name="one">A leaf of floating point.</param>
    /// <param name="other">Another.</param>
    public static bool Is(Tensor one, Tensor other)
    {
        if (one.Handle == other.Handle)
            return true;
        var (was, wasOther) = (one.requires_grad, other.requires_grad);
        if (was != wasOther)
            return false;
        one.requires_grad = !was;
        var follows = other.requires_grad != wasOther;
        one.requires_grad = was;
        return follows;
    }
}
