using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Tests.Mpi;

/// <summary>Processes of tests/AdaLora.MpiTarget under a launcher of MPI, or one without.</summary>
internal sealed class MpiJob : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly TemporaryFolder _folder = new();
    private readonly int _size;

    private MpiJob(string? launcher, int size, string[] plan, IReadOnlyDictionary<string, string>? variables, bool onTwoHosts = false)
    {
        _size = size;
        string[] command = [TestPrograms.PathOf("AdaLora.MpiTarget"), _folder.Path, .. plan];
        var start = launcher is null
            ? new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true }
            : onTwoHosts ? MpiLaunch.OnTwoHosts(launcher, size, command)
            : MpiLaunch.Of(launcher, size, command);
        foreach (var (name, value) in variables ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        // Read, or the program would stop at a full pipe.
        _ = _process.StandardOutput.ReadToEndAsync();
        _errors = _process.StandardError.ReadToEndAsync();
    }

    public static TheoryData<string> Launchers => ["mpirun.openmpi", "mpirun.mpich"];

    public string Errors => _errors.Result;

    public static MpiJob Start(string? launcher, int size, string[] plan, IReadOnlyDictionary<string, string>? variables = null)
    {
        if (launcher is not null)
            MpiLaunch.Require(launcher);
        return new MpiJob(launcher, size, plan, variables);
    }

    /// <summary>Starts a job, waits for its end, and requires that it was a good one.</summary>
    public static MpiJob Run(string? launcher, int size, params string[] plan) => EndWell(Start(launcher, size, plan));

    /// <summary>The same on two hosts.</summary>
    public static MpiJob RunOnTwoHosts(string launcher, int size, params string[] plan) => EndWell(new MpiJob(launcher, size, plan, variables: null, onTwoHosts: true));

    /// <returns>The exit code.</returns>
    public int WaitForExit(int seconds = 180)
    {
        if (_process.WaitForExit(TimeSpan.FromSeconds(seconds)))
            return _process.ExitCode;
        _process.Kill(entireProcessTree: true);
        throw new TimeoutException($"The job did not end within {seconds} s.");
    }

    /// <summary>What a process wrote so far after a word, one entry per line.</summary>
    public IReadOnlyList<string> Lines(int rank, string word)
    {
        var path = Path.Combine(_folder.Path, Text(rank));
        if (!File.Exists(path))
            return [];
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return [.. reader.ReadToEnd().Split('\n')[..^1].Where(line => line.StartsWith(word + " ", StringComparison.Ordinal)).Select(line => line[(word.Length + 1)..])];
    }

    /// <summary>The hashes of the weights after each step, which must be those of all processes.</summary>
    public IReadOnlyList<string> Hashes()
    {
        var all = Enumerable.Range(0, _size).Select(rank => Lines(rank, "step")).ToList();
        Assert.All(all, own => Assert.Equal(all[0], own));
        return all[0];
    }

    /// <summary>The final weights of the first process.</summary>
    public float[] Weights() => MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(_folder.Path, "0.weights"))).ToArray();

    /// <summary>Waits until a process has done some steps, and sends it a signal.</summary>
    public void Signal(int rank, string signal, int afterSteps)
    {
        for (var watch = Stopwatch.StartNew(); Lines(rank, "step").Count < afterSteps; Thread.Sleep(20))
            Assert.True(watch.Elapsed < TimeSpan.FromMinutes(2) && !_process.HasExited, "The process never came that far.");
        using var kill = Process.Start("kill", [$"-{signal}", Lines(rank, "process")[0]]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
        _folder.Dispose();
    }

    private static MpiJob EndWell(MpiJob job)
    {
        Assert.True(job.WaitForExit() == 0, job.Errors);
        return job;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
