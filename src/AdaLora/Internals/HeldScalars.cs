using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Internals;

/// <summary>
/// Operations between tensors and numbers, named as in libtorch, and the only place where this project creates a <see cref="Scalar"/>. TorchSharp passes a Scalar's handle without keeping
/// the object alive, so the one created by <c>x.mul(0.5)</c>, or the hidden factor 1 of <c>a + b</c>, is garbage before libtorch has read it: if another thread collects at that moment,
/// libtorch reads freed memory. Here each is kept alive until the operation has returned. Forms that do not do so are banned (src/BannedSymbols.Scalars.txt); tests scan the compiled code of
/// every package for them.
/// </summary>
internal static class HeldScalars
{
#pragma warning disable RS0030 // Held here, and banned elsewhere so that they are.

    // The factor of the added tensor, and the exponent of a square. Static fields keep them alive permanently.
    private static readonly Scalar One = 1.ToScalar();
    private static readonly Scalar Two = 2.ToScalar();

    /// <summary>a + b.</summary>
    public static Tensor Add(this Tensor a, Tensor b) => a.add(b, One);

    /// <summary>a + number.</summary>
    public static Tensor Add(this Tensor a, double number)
    {
        using var held = number.ToScalar();
        return a.add(held, One);
    }

    /// <summary>a + number, also for integers.</summary>
    public static Tensor Add(this Tensor a, long number)
    {
        using var held = number.ToScalar();
        return a.add(held, One);
    }

    /// <summary>a := a + b.</summary>
    public static Tensor AddInPlace(this Tensor a, Tensor b) => a.add_(b, One);

    /// <summary>a := a + number, also for integers.</summary>
    public static Tensor AddInPlace(this Tensor a, long number)
    {
        using var held = number.ToScalar();
        return a.add_(held, One);
    }

    /// <summary>a := a + number.</summary>
    public static Tensor AddInPlace(this Tensor a, double number)
    {
        using var held = number.ToScalar();
        return a.add_(held, One);
    }

    /// <summary>a := a + number · b · c.</summary>
    public static Tensor AddcmulInPlace(this Tensor a, Tensor b, Tensor c, double number)
    {
        using var held = number.ToScalar();
        return a.addcmul_(b, c, held);
    }

    /// <summary>a := a + number · b / c.</summary>
    public static Tensor AddcdivInPlace(this Tensor a, Tensor b, Tensor c, double number)
    {
        using var held = number.ToScalar();
        return a.addcdiv_(b, c, held);
    }

    /// <summary>a - number, also for integers.</summary>
    public static Tensor Sub(this Tensor a, long number)
    {
        using var held = number.ToScalar();
        return a.sub(held);
    }

    /// <summary>a := a - number, of integers too.</summary>
    public static Tensor SubInPlace(this Tensor a, long number)
    {
        using var held = number.ToScalar();
        return a.sub_(held);
    }

    /// <summary>a · number.</summary>
    public static Tensor Mul(this Tensor a, double number)
    {
        using var held = number.ToScalar();
        return a.mul(held);
    }

    /// <summary>a := a · number.</summary>
    public static Tensor MulInPlace(this Tensor a, double number)
    {
        using var held = number.ToScalar();
        return a.mul_(held);
    }

    /// <summary>a / number.</summary>
    public static Tensor Div(this Tensor a, double number)
    {
        using var held = number.ToScalar();
        return a.div(held);
    }

    /// <summary>a², elementwise.</summary>
    public static Tensor Square(this Tensor a) => a.pow(Two);

    /// <summary>Every entry, raised to a number where it is below it.</summary>
    public static Tensor ClampMin(this Tensor a, double smallest)
    {
        using var held = smallest.ToScalar();
        return a.clamp_min(held);
    }

    /// <summary>Sets entries above a number to that number.</summary>
    public static Tensor ClampMaxInPlace(this Tensor a, double largest)
    {
        using var held = largest.ToScalar();
        return a.clamp_max_(held);
    }

    /// <summary>Every entry, clamped between two integers.</summary>
    public static Tensor Clamp(this Tensor a, long smallest, long largest)
    {
        using var from = smallest.ToScalar();
        using var to = largest.ToScalar();
        return a.clamp(from, to);
    }

    /// <summary>Whether each entry is an integer, one boolean per entry.</summary>
    public static Tensor Eq(this Tensor a, long number)
    {
        using var held = number.ToScalar();
        return a.eq(held);
    }

    /// <summary>Whether each entry is not an integer, one boolean per entry.</summary>
    public static Tensor Ne(this Tensor a, long number)
    {
        using var held = number.ToScalar();
        return a.ne(held);
    }

    /// <summary>Whether each entry is not above a number, one boolean per entry.</summary>
    public static Tensor Le(this Tensor a, double number)
    {
        using var held = number.ToScalar();
        return a.le(held);
    }

    /// <summary>Sets every entry to a number.</summary>
    public static Tensor FillInPlace(this Tensor a, double number)
    {
        using var held = number.ToScalar();
        return a.fill_(held);
    }

    /// <summary>Sets every entry to true or false.</summary>
    public static Tensor FillInPlace(this Tensor a, bool value)
    {
        using var held = value.ToScalar();
        return a.fill_(held);
    }

    /// <summary>Sets the entries at some indices of a dimension to a number.</summary>
    public static Tensor IndexFillInPlace(this Tensor a, long dimension, Tensor places, double number)
    {
        using var held = number.ToScalar();
        return a.index_fill_(dimension, places, held);
    }

    /// <summary>Sets the entries at some indices of a dimension to true or false.</summary>
    public static Tensor IndexFillInPlace(this Tensor a, long dimension, Tensor places, bool value)
    {
        using var held = value.ToScalar();
        return a.index_fill_(dimension, places, held);
    }

    /// <summary>Every entry, replaced with a number where the mask is true.</summary>
    public static Tensor MaskedFill(this Tensor a, Tensor mask, double number)
    {
        using var held = number.ToScalar();
        return a.masked_fill(mask, held);
    }

    /// <summary>Sets the entries where the mask is true to a number.</summary>
    public static Tensor MaskedFillInPlace(this Tensor a, Tensor mask, double number)
    {
        using var held = number.ToScalar();
        return a.masked_fill_(mask, held);
    }

    /// <summary>0, 1, 2 ..., int64.</summary>
    public static Tensor Arange(long count, Device device)
    {
        using var from = 0L.ToScalar();
        using var to = count.ToScalar();
        return arange(from, to, One, dtype: ScalarType.Int64, device: device);
    }

#pragma warning restore RS0030
}
