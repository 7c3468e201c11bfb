using AdaLora.Experiments.Programs;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class ProcessMemoryTests
{
    [Fact]
    public void Peak_is_in_megabytes_and_covers_what_is_in_use()
    {
        var inUse = Environment.WorkingSet / (1024.0 * 1024);

        var peak = ProcessMemory.PeakMegabytes();

        Assert.InRange(peak, inUse, inUse * 100);
        // Up to what the kernel keeps in counters per processor.
        Assert.True(ProcessMemory.PeakMegabytes() >= peak - 1, "a peak never falls");
    }
}
