using System.Diagnostics;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Tests.Devices;

/// <summary>What eng/TorchBackend.targets does with -p:TorchBackend: not every machine can reach a feed with the CUDA packages, but MSBuild can say which of them a build would use.</summary>
public sealed class TorchBackendTests
{
    [Theory]
    [InlineData("cpu", "libtorch-cpu-")]
    [InlineData("cuda", "TorchSharp-cuda-")]
    [InlineData("external", null)]
    public void Chooses_the_package_with_libtorch(string backend, string? package)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsWindows(), "CUDA has packages for Linux and Windows only.");

        var (code, output) = Ask(backend, "-getItem:PackageReference");

        Assert.True(code == 0, output);
        Assert.Contains("\"TorchSharp\"", output, StringComparison.Ordinal);
        foreach (var prefix in new[] { "libtorch-cpu-", "TorchSharp-cuda-" })
            Assert.Equal(prefix == package, output.Contains($"\"{prefix}", StringComparison.Ordinal));
    }

    [Fact]
    public void Loads_an_external_libtorch_before_the_first_line_of_a_program()
    {
        Assert.Contains("ExternalLibTorchStart.cs", Ask("external", "-getItem:Compile").Output, StringComparison.Ordinal);
        Assert.DoesNotContain("ExternalLibTorchStart.cs", Ask("cpu", "-getItem:Compile").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_backend_that_there_is_not_and_names_those_that_there_are()
    {
        var (code, output) = Ask("rocm", "-t:CheckTorchBackend");

        Assert.NotEqual(0, code);
        Assert.Contains("ADALORA001", output, StringComparison.Ordinal);
        Assert.Contains("TorchBackend=external", output, StringComparison.Ordinal);
    }

    private static (int Code, string Output) Ask(string backend, string question)
    {
        var project = Path.Combine(RepositoryFolders.Root, "samples", "AdaLora.Glue", "AdaLora.Glue.csproj");
        var start = new ProcessStartInfo("dotnet",
            ["msbuild", project, "-nologo", "-nodeReuse:false", question, $"-p:TorchBackend={backend}"])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.GetAwaiter().GetResult());
    }
}
