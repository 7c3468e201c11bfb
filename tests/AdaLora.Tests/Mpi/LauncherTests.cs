using AdaLora.Mpi;
using Xunit;

namespace AdaLora.Tests.Mpi;

public sealed class LauncherTests
{
    [Fact]
    public void The_environment_says_which_launcher_started_how_many_processes()
    {
        Assert.Equal(new Launcher(Launcher.OpenMpi, 4, 3, 1, 2), Find("OMPI_COMM_WORLD_SIZE=4", "OMPI_COMM_WORLD_RANK=3", "OMPI_COMM_WORLD_LOCAL_RANK=1", "OMPI_COMM_WORLD_LOCAL_SIZE=2"));
        Assert.Equal(new Launcher(Launcher.Mpich, 2, 0, null, null), Find("PMI_SIZE=2", "PMI_RANK=0"));
        Assert.Null(Find());
        Assert.Null(Find("OMPI_COMM_WORLD_SIZE=4"));
        Assert.Null(Find("PMI_SIZE=many", "PMI_RANK=0"));

        static Launcher? Find(params string[] variables) =>
            Launcher.Find(name => variables.Select(variable => variable.Split('=')).FirstOrDefault(pair => pair[0] == name)?[1]);
    }

    [Fact]
    public void Options_out_of_range_and_libraries_that_are_none_are_refused()
    {
        Assert.Contains("Threads is 0", Assert.Throws<ArgumentException>(() => MpiProcessGroup.Run(_ => 0, new MpiOptions { Threads = 0 })).Message, StringComparison.Ordinal);
        Assert.Contains("Library is empty", Assert.Throws<ArgumentException>(() => MpiProcessGroup.Run(_ => 0, new MpiOptions { Library = " " })).Message, StringComparison.Ordinal);
        Assert.Contains("ReportWaitingAfter is", Assert.Throws<ArgumentException>(() => MpiProcessGroup.Run(_ => 0, new MpiOptions { ReportWaitingAfter = TimeSpan.Zero })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => MpiProcessGroup.Run(null!));
        Assert.Contains("No MPI library was found; tried libnothing.so", Assert.Throws<MpiException>(() => MpiProcessGroup.Run(_ => 0, new MpiOptions { Library = "libnothing.so" })).Message, StringComparison.Ordinal);
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The name of a library that is always there is Linux's.");
        Assert.Contains("is not an MPI library", Assert.Throws<MpiException>(() => MpiProcessGroup.Run(_ => 0, new MpiOptions { Library = "libc.so.6" })).Message, StringComparison.Ordinal);
    }
}
