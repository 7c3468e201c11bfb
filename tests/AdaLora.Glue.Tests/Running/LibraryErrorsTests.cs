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
        var told = Assert.Throws<UserInputException>(() => LibraryErrors.Explain<int>(() => throw new ExternalException("CUDA out of memory. Tried to allocate 2.00 GiB.\nframe #0: somewhere")));

        Assert.Contains("Tried to allocate 2.00 GiB. Lower --batch-size or --max-length", told.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("frame", told.Message, StringComparison.Ordinal);
    }
}
