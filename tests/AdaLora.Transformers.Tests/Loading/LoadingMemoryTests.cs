using AdaLora.TestSupport;
using AdaLora.Transformers.Families.Llama;
using AdaLora.Transformers.Loading;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Tests.Loading;

/// <summary>How much memory loading takes at most: the weights, and no copy of them.</summary>
public sealed class LoadingMemoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ScalarType.BFloat16, ScalarType.BFloat16)]
    [InlineData(ScalarType.BFloat16, ScalarType.Float32)]
    [InlineData(ScalarType.Float32, ScalarType.BFloat16)]
    public void The_peak_is_the_weights_and_the_largest_tensor(ScalarType loaded, ScalarType stored)
    {
        long weights, largest;
        using (var model = AutoModel.NewCausalLM(
            new LlamaConfig { VocabularySize = 30_000, HiddenSize = 512, IntermediateSize = 1408, Layers = 16, Heads = 8, TiesWordEmbeddings = true }, seed: 1))
        {
            model.to(stored);
            model.SaveCheckpoint(_folder.Path, maxShardBytes: 40 << 20);
            var size = loaded == ScalarType.Float32 ? 4 : 2;
            weights = model.parameters().Sum(p => p.numel()) * size;
            largest = model.parameters().Max(p => p.numel()) * Math.Max(size, stored == ScalarType.Float32 ? 4 : 2);
        }

        var peak = PeakMemory.Of(() => AutoModel.CausalLM(_folder.Path, new PretrainedOptions { Dtype = loaded }).Dispose());
        TestContext.Current.TestOutputHelper?.WriteLine($"weights {weights >> 20} MiB, largest tensor {largest >> 20} MiB, peak {peak >> 20} MiB");
        Assert.True(weights > 100 << 20);
        Assert.True(peak <= (1.1 * weights) + largest, $"the peak is {peak >> 20} MiB; the weights are {weights >> 20} MiB, the largest tensor {largest >> 20} MiB");
    }
}
