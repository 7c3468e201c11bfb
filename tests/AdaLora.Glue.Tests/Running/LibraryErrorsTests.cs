using System.Runtime.InteropServices;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using Xunit;

namespace AdaLora.Glue.Tests.Running;

public sealed class LibraryErrorsTests
{
    [Fact]
    public void What_a_system_lacks_is_told_in_the_librarys_words()
    {
        var told = Assert.Throws<UserInputException>(() => LibraryErrors.Explain<int>(() => throw new PlatformNotSupportedException("Stripping accents needs ICU.")));

        Assert.Equal("Stripping accents needs ICU.", told.Message);
    }

    [Fact]
    public void Memory_that_does_not_suffice_is_told_with_what_to_lower()
    {
        var told = Assert.Throws<MemoryShortage>(() => LibraryErrors.Explain<int>(() => throw new ExternalException("CUDA out of memory. Tried to allocate 2.00 GiB.\nframe #0: somewhere")));

        Assert.Contains("Tried to allocate 2.00 GiB. Lower --batch-size or --max-length, use --precision bfloat16", told.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("frame", told.Message, StringComparison.Ordinal);
    }

    /// <summary>In the words of libtorch, the driver, cuBLAS and the host's allocator, and as a backward pass in C# passes it on.</summary>
    [Theory]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.11 GiB of which 1.02 GiB is free.")]
    [InlineData("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some other API call")]
    [InlineData("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")]
    [InlineData("[enforce fail at alloc_cpu.cpp:124] data. DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000000000000 bytes.")]
    public void Memory_that_does_not_suffice_is_known_by_every_name(string message)
    {
        foreach (var failure in (Exception[])[new ExternalException(message), new InvalidOperationException("A backward pass failed", new ExternalException(message))])
        {
            var told = Assert.Throws<MemoryShortage>(() => LibraryErrors.Explain<int>(() => throw failure));
            Assert.StartsWith("Out of memory: ", told.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', told.Message);
        }

        Assert.Throws<InvalidOperationException>(() => LibraryErrors.Explain<int>(() => throw new InvalidOperationException("out of memory, as somebody else says")));
    }

    /// <summary>What libtorch really says on this machine.</summary>
    [Fact]
    public void A_tensor_larger_than_the_memory_is_told_as_that() =>
        Assert.Throws<MemoryShortage>(() => LibraryErrors.Explain(() => TorchSharp.torch.empty(1L << 50)));
}
