using AdaLora.TestSupport;
using AdaLora.Transformers.Layers;
using Xunit;

namespace AdaLora.Transformers.Tests;

/// <summary>What the analyzer of banned symbols does not see, as <c>a += b</c> and <c>a[0] = 1</c>, is found in the compiled code.</summary>
public sealed class ScalarLifetimeTests
{
    [Fact]
    public void No_Scalar_of_the_package_may_be_freed_while_libtorch_reads_it() => Assert.Empty(TemporaryScalars.UsesIn(typeof(TextEncoder).Assembly));
}
