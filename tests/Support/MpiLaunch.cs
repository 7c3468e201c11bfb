using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace AdaLora.TestSupport;

/// <summary>How programs are started behind the launchers of MPI, mpirun.openmpi and mpirun.mpich.</summary>
internal static class MpiLaunch
{
    public static void Require(string launcher) => Assert.SkipUnless(
        Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, launcher))),
        $"{launcher} is not installed; on Debian: apt-get install openmpi-bin mpich.");

    /// <summary>How to start that many processes of a program, with their output and error streams redirected.</summary>
    public static ProcessStartInfo Of(string launcher, int size, IEnumerable<string> command)
    {
        string[] more = launcher.EndsWith("openmpi", StringComparison.Ordinal) ? ["--oversubscribe"] : [];
        var start = new ProcessStartInfo(launcher, [.. more, "-n", size.ToString(CultureInfo.InvariantCulture), .. command]) { RedirectStandardOutput = true, RedirectStandardError = true };
        // Tests run in containers, where root is all there is.
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        return start;
    }
}
