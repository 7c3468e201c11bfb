using AdaLora.Devices;
using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Devices;

public sealed class ExternalLibTorchTests
{
    [Fact]
    public void Finds_nothing_wrong_with_the_version_that_TorchSharp_was_built_for()
    {
        Assert.StartsWith(LibTorchVersion.Expected + ".", __version__, StringComparison.Ordinal);
        Assert.Empty(LibTorchSelfCheck.Problems());
    }

    [Fact]
    public void Names_a_folder_that_does_not_exist()
    {
        var message = Assert.Throws<LibTorchException>(() => ExternalLibTorch.Load("no/such/folder")).Message;

        Assert.Contains("'no/such/folder' is not a directory", message, StringComparison.Ordinal);
        Assert.Contains(ExternalLibTorch.FolderVariable, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_a_folder_without_libtorch()
    {
        using var folder = new TemporaryFolder();

        Assert.Contains($"'{folder.Path}' does not contain ", Assert.Throws<LibTorchException>(() => ExternalLibTorch.Load(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Null(ExternalLibTorch.Folder);
    }

    [Fact]
    public void Names_the_version_of_a_libtorch_that_does_not_load()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The name of the library is that of Linux.");
        using var folder = new TemporaryFolder();
        var lib = Directory.CreateDirectory(folder.File("lib")).FullName;
        File.WriteAllText(Path.Combine(lib, "libtorch_cpu.so"), "not a library");
        File.WriteAllText(folder.File("version.py"), "from typing import Optional\n__version__ = '2.13.0+cpu'\n");

        var message = Assert.Throws<LibTorchException>(() => ExternalLibTorch.Load(folder.Path)).Message;

        Assert.Contains($"libtorch in '{lib}' (version 2.13.0+cpu) cannot be loaded", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version.py", "__all__ = ['__version__']\n__version__ = \"2.11.0+cu130\"\ndebug = False\n", "2.11.0+cu130")]
    [InlineData("build-version", "2.10.0+cpu\n", "2.10.0+cpu")]
    [InlineData("version.py", "debug = False\n", null)]
    [InlineData("other", "2.10.0", null)]
    public void Reads_the_version_beside_the_libraries(string file, string text, string? version)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File(file), text);

        Assert.Equal(version, LibTorchVersion.Of(folder.File("lib")));
    }

    [Fact]
    public void Misses_symbols_of_libtorch_in_a_library_that_has_none() =>
        Assert.Equal(OperatingSystem.IsLinux(), LibTorchSymbols.MissingIn([]).Count > 0);
}
