using TorchSharp;
using Xunit;

namespace AdaLora.Transformers.Tests;

public sealed class SmokeTests
{
    [Fact]
    public void Libtorch_loads() => Assert.Equal(6f, torch.ones(2, 3).sum().item<float>());
}
