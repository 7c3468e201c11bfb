using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>
/// Layers whose weights have no values yet. Every model is filled after it was created, by a checkpoint or by <see cref="Loading.WeightInitializer"/>; values drawn before that would be
/// lost, and drawing them takes several times as long as reading the checkpoint does. Memory that nobody has written to takes no room, so that a model is no larger than what has been filled.
/// </summary>
internal static class Unfilled
{
    [ThreadStatic]
    private static ScalarType? _dtype;

    /// <summary>The element type of the layers that are made here: float32, except within <see cref="WithDtype"/>.</summary>
    private static ScalarType Dtype => _dtype ?? ScalarType.Float32;

    /// <summary>The result of <paramref name="make"/>, whose layers have a different element type from the beginning.</summary>
    public static TModel WithDtype<TModel>(ScalarType dtype, Func<TModel> make)
    {
        var before = _dtype;
        _dtype = dtype;
        try
        {
            return make();
        }
        finally
        {
            _dtype = before;
        }
    }

    public static Linear Linear(long inputs, long outputs, bool hasBias = true)
    {
        // Weights can be exchanged, and a layer computes with them whatever size it was made with.
        var layer = nn.Linear(1, 1, hasBias);
        layer.weight = new Parameter(empty([outputs, inputs], Dtype));
        if (hasBias)
            layer.bias = new Parameter(empty([outputs], Dtype));
        (layer.in_features, layer.out_features) = (inputs, outputs);
        return layer;
    }

    /// <summary>A layer whose products overflow in float16: it is in single precision where others are in that.</summary>
    public static Linear WideLinear(long inputs, long outputs, bool hasBias = true) =>
        Dtype == ScalarType.Float16 ? WithDtype(ScalarType.Float32, () => Linear(inputs, outputs, hasBias)) : Linear(inputs, outputs, hasBias);

    public static Embedding Embedding(long count, long size, long? padding_idx = null)
    {
        // The index of the padding must already be a row when the layer is created.
        var layer = nn.Embedding((padding_idx ?? 0) + 1, 1, padding_idx);
        var (_, small) = layer.named_parameters().Single();
        layer.weight = (Parameter)new Parameter(empty([count, size], Dtype)).DetachFromDisposeScope();
        small.Dispose();
        return layer;
    }

    public static LayerNorm LayerNorm(long size, double eps) => nn.LayerNorm(size, eps, dtype: Dtype);

    public static Conv1d Conv1d(long channels, long size, long groups) =>
        nn.Conv1d(channels, channels, size, stride: 1, padding: (size - 1) / 2, dilation: 1, PaddingModes.Zeros, groups, dtype: Dtype);

    /// <summary>Values that are not trained; 0 unless a checkpoint has others.</summary>
    public static Tensor Buffer(params ReadOnlySpan<long> shape) => zeros(shape, Dtype).DetachFromDisposeScope();

    public static Parameter Parameter(params ReadOnlySpan<long> shape) => (Parameter)new Parameter(empty(shape, Dtype)).DetachFromDisposeScope();
}
