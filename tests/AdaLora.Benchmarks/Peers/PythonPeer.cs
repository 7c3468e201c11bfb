namespace AdaLora.Benchmarks;

/// <summary>Python with the packages of PEFT, if it is there.</summary>
internal sealed class PythonPeer
{
    private const string NeededPython = "Python 3.11";

    private readonly string _python;
    private readonly IReadOnlyDictionary<string, string> _environment;

    private PythonPeer(string python, string packages)
    {
        _python = python;
        _environment = new Dictionary<string, string> { ["PYTHONPATH"] = packages, ["PYTHONNOUSERSITE"] = "1", ["HF_HUB_OFFLINE"] = "1" };
    }

    /// <param name="packages">The folder with torch, transformers and peft; null if it was not given.</param>
    /// <exception cref="SkippedException">Something is missing; the message says what.</exception>
    public static PythonPeer Find(string? packages)
    {
        if (packages is null)
            throw new SkippedException("PEFT is skipped: give the folder of its Python packages with --peers.");
        if (!Directory.Exists(Path.Combine(packages, "peft")))
            throw new SkippedException($"PEFT is skipped: there is no folder 'peft' in '{packages}'.");
        var python = ((string[])["python3.11", "python3"]).FirstOrDefault(IsNeededPython)
            ?? throw new SkippedException($"PEFT is skipped: there is no {NeededPython} to run it with.");
        return new PythonPeer(python, Path.GetFullPath(packages));
    }

    /// <summary>Runs a script to its end.</summary>
    /// <exception cref="ChildProcessException">It failed.</exception>
    public ChildResult Run(string script, IEnumerable<string> arguments) => ChildProcess.Run(_python, [script, .. arguments], _environment);

    private static bool IsNeededPython(string name)
    {
        try
        {
            return ChildProcess.Run(name, ["--version"]).Output.StartsWith(NeededPython, StringComparison.Ordinal);
        }
        catch (ChildProcessException)
        {
            return false;
        }
    }
}
