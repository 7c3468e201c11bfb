using AdaLora.Devices;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Devices;

public sealed class TorchDevicesTests
{
    [Theory]
    [InlineData("auto", true)]
    [InlineData("cpu", true)]
    [InlineData("CUDA", true)]
    [InlineData("cuda:0", true)]
    [InlineData("Cuda:12", true)]
    [InlineData("", false)]
    [InlineData("gpu", false)]
    [InlineData("cuda:", false)]
    [InlineData("cuda:-1", false)]
    [InlineData("cuda: 1", false)]
    [InlineData("cuda:1.0", false)]
    [InlineData("cuda:99999999999", false)]
    [InlineData("cpu:0", false)]
    public void Knows_the_names(string name, bool isOne)
    {
        Assert.Equal(isOne, TorchDevices.IsName(name));
        if (!isOne)
            Assert.Contains($"'{name}'; use auto, cpu, cuda or cuda:N", Assert.Throws<ArgumentException>(() => TorchDevices.Find(name)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Finds_the_CPU_and_says_that_it_has_no_memory_of_its_own()
    {
        var found = TorchDevices.Find("cpu");

        Assert.Equal(DeviceType.CPU, found.type);
        Assert.Equal("cpu", TorchDevices.Describe(found));
        Assert.Null(TorchDevices.MemoryOf(found));
    }

    [Fact]
    public void Takes_CUDA_by_itself_exactly_where_it_works() =>
        Assert.Equal(cuda.is_available() ? DeviceType.CUDA : DeviceType.CPU, TorchDevices.Find("auto").type);

    [Fact]
    public void Says_why_CUDA_cannot_be_used()
    {
        Assert.SkipWhen(cuda.is_available(), "There is a CUDA device.");

        var message = Assert.Throws<DeviceException>(() => TorchDevices.Find("cuda")).Message;

        Assert.StartsWith("'cuda' cannot be used: ", message, StringComparison.Ordinal);
        Assert.True(message.Contains("driver", StringComparison.Ordinal) || message.Contains("build for CPUs", StringComparison.Ordinal), message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Says_which_cards_there_are_and_measures_their_memory()
    {
        Assert.SkipUnless(cuda.is_available(), "There is no CUDA device.");

        Assert.Contains("there is no card 99", Assert.Throws<DeviceException>(() => TorchDevices.Find("cuda:99")).Message, StringComparison.Ordinal);
        var card = TorchDevices.Find("cuda");
        using var held = zeros(64 << 20, device: card);
        var memory = TorchDevices.MemoryOf(card);
        Assert.InRange(memory!.Value.UsedBytes, 64L << 22, memory.Value.TotalBytes);
        Assert.Contains('(', TorchDevices.Describe(card));
    }
}
