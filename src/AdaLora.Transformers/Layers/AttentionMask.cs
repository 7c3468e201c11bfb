using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>Attention masks in the forms that layers take.</summary>
internal static class AttentionMask
{
    /// <summary>
    /// What is added to attention scores, batch x 1 x 1 x length: 0 for real tokens, the least finite number for padding. Not minus infinity: a row that is all
    /// padding would become NaN and spoil the gradients of the others.
    /// </summary>
    public static Tensor ToAdditive(Tensor mask, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var padding = mask.Eq(0).unsqueeze(1).unsqueeze(1);
        return zeros(padding.shape, dtype, mask.device).MaskedFill(padding, Lowest(dtype)).MoveToOuterDisposeScope();
    }

    public static double Lowest(ScalarType dtype) => dtype switch
    {
        ScalarType.Float16 => -65504,
        // The largest float32 would round to infinity.
        ScalarType.BFloat16 => -3.38953138925153547590470800371487866880e+38,
        ScalarType.Float32 => float.MinValue,
        _ => double.MinValue,
    };
}
