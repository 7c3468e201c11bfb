using AdaLora.Internals;
using AdaLora.Transformers.Loading;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>Trained keys and values in front of those of every text (Li and Liang, 2021), here without the reparametrisation: as in P-tuning v2 (Liu et al., 2022).</summary>
internal sealed class AttentionPrefix : Module, IUnsavedPart
{
    private const double StandardDeviation = 0.02;

    [ComponentName(Name = "key")]
    private readonly Parameter _key;

    [ComponentName(Name = "value")]
    private readonly Parameter _value;

    private readonly int _length;

    public AttentionPrefix(int length, int size, ScalarType dtype, Device device)
        : base(nameof(AttentionPrefix))
    {
        _length = length;
        using (NewDisposeScope())
        {
            _key = Draw();
            _value = Draw();
        }

        RegisterComponents();

        // On the CPU, so that a seed gives the same on every device.
        Parameter Draw()
        {
            var parameter = new Parameter(randn([length, size]).MulInPlace(StandardDeviation).to(dtype).to(device));
            parameter.DetachFromDisposeScope();
            return parameter;
        }
    }

    /// <inheritdoc/>
    public string Remover => nameof(TextEncoder.RemovePrefixes);

    /// <param name="keys">Batch x length x hidden size.</param>
    public Tensor BeforeKeys(Tensor keys) => Before(_key, keys);

    /// <param name="values">Batch x length x hidden size.</param>
    public Tensor BeforeValues(Tensor values) => Before(_value, values);

    /// <summary>Lets everything attend to the prefix: adds 0 to its scores.</summary>
    /// <param name="mask">Added to scores, ... x length of the keys; null adds nothing.</param>
    public Tensor? BeforeMask(Tensor? mask) => mask is null ? null : nn.functional.pad(mask, [_length, 0]);

    private static Tensor Before(Tensor prefix, Tensor states)
    {
        using var scope = NewDisposeScope();
        return cat([prefix.unsqueeze(0).expand(states.shape[0], -1, -1), states], 1).MoveToOuterDisposeScope();
    }
}
