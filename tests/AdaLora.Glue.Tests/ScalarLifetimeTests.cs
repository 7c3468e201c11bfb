using AdaLora.Experiments.Settings;
using AdaLora.Glue.Tasks;
using AdaLora.Squad.Tasks;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests;

/// <summary>What the analyzer of banned symbols does not see, as <c>a += b</c> and <c>a[0] = 1</c>, is found in the compiled code.</summary>
public sealed class ScalarLifetimeTests
{
    [Fact]
    public void No_Scalar_of_the_application_may_be_freed_while_libtorch_reads_it() =>
        Assert.All([typeof(RunSettings).Assembly, typeof(GlueTask).Assembly, typeof(SquadTask).Assembly], assembly => Assert.Empty(TemporaryScalars.UsesIn(assembly)));
}
