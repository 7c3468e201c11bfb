using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// Makes a layer adaptable: describes it as a linear map <c>y = x W' + b</c>. <see cref="TorchSharp.Modules.Linear"/> is recognised automatically; a custom layer
/// implements this interface and derives from <see cref="nn.Module{T1, TResult}"/> from tensor to tensor.
/// </summary>
/// <remarks>The members are read anew each time they are needed, because moving a module replaces its parameter objects.</remarks>
public interface IProjection
{
    /// <summary>The weight: (out x in), or (in x out) when <see cref="WeightIsTransposed"/>; floating point. The caller does not dispose it.</summary>
    Tensor Weight { get; }

    /// <summary>The bias (out), or null. The caller does not dispose it.</summary>
    Tensor? Bias { get; }

    /// <summary>The size of the input's last dimension.</summary>
    long InFeatures { get; }

    /// <summary>The size of the output's last dimension.</summary>
    long OutFeatures { get; }

    /// <summary>True if the weight is stored (in x out), as in GPT-2's Conv1D.</summary>
    bool WeightIsTransposed { get; }
}
