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

    /// <summary>How to start that many processes on two hosts; see eng/two-hosts.</summary>
    public static ProcessStartInfo OnTwoHosts(string launcher, int size, IEnumerable<string> command)
    {
        Require(launcher);
        using (var check = Process.Start(new ProcessStartInfo(TwoHosts, ["--check"]) { RedirectStandardError = true })!)
        {
            var reason = check.StandardError.ReadToEnd();
            check.WaitForExit();
            Assert.SkipUnless(check.ExitCode == 0, $"This machine cannot have network namespaces, which stand for hosts: {reason.Trim()}");
        }

        return Redirected(new ProcessStartInfo(TwoHosts, [launcher, size.ToString(CultureInfo.InvariantCulture), .. command]));
    }

    /// <summary>How to start that many processes of a program, with their output and error streams redirected.</summary>
    public static ProcessStartInfo Of(string launcher, int size, IEnumerable<string> command)
    {
        string[] more = launcher.EndsWith("openmpi", StringComparison.Ordinal) ? ["--oversubscribe"] : [];
        return Redirected(new ProcessStartInfo(launcher, [.. more, "-n", size.ToString(CultureInfo.InvariantCulture), .. command]));
    }

    private static string TwoHosts => Path.Combine(RepositoryFolders.Root, "eng", "two-hosts");

    private static ProcessStartInfo Redirected(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        // Tests run in containers, where root is all there is.
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        return start;
    }
}
