using AdaLora.Training;
using Xunit;

namespace AdaLora.Tests.Training;

public sealed class NativeHeapTests
{
    private const string Setting = "MALLOC_TOP_PAD_";

    [Fact]
    public void It_takes_the_thresholds_unless_the_user_has_set_it_up()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/lib/x86_64-linux-gnu/libc.so.6"), "The heap is not known to be that of glibc.");
        Assert.SkipWhen(Environment.GetEnvironmentVariable("GLIBC_TUNABLES") is not null, "The heap is set up by GLIBC_TUNABLES.");
        Assert.True(NativeHeap.KeepFreedMemory());
        try
        {
            Environment.SetEnvironmentVariable(Setting, "0");
            Assert.False(NativeHeap.KeepFreedMemory());
        }
        finally
        {
            Environment.SetEnvironmentVariable(Setting, null);
        }
    }
}
