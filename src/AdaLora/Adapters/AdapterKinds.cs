using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>The kinds of adapter: which layers can carry one, and which kind.</summary>
internal static class AdapterKinds
{
    private static readonly IReadOnlyList<Func<nn.Module, AdaptableLayer?>> Kinds = [LinearLayer.Of, ConvolutionLayer.Of, EmbeddingLayer.Of];

    /// <summary>The module as a layer that can carry an adapter, or null if there is no kind of adapter for it.</summary>
    public static AdaptableLayer? Describe(nn.Module module) => Kinds.Select(describe => describe(module)).FirstOrDefault(layer => layer is not null);

    /// <summary>The same for a module that was named, so that it is worth being tried out: one that declares nothing may be a linear map all the same.</summary>
    public static AdaptableLayer? DescribeNamed(nn.Module module) => Describe(module) ?? (module.GetType().Assembly == typeof(nn.Module).Assembly ? null : LinearLayer.Probe(module));

    /// <summary>The module as a linear layer, or null if it is not one.</summary>
    public static AdaptableLayer? DescribeLinear(nn.Module module) => LinearLayer.Of(module);
}
