using System.Diagnostics;
using System.Text.Json.Nodes;

namespace AdaLora.GpuCheck;

/// <summary>PEFT in a Python process that runs blocks of steps on request, so that it takes turns with this process.</summary>
internal sealed class PeftProcess : IDisposable
{
    private readonly Process _process;

    private PeftProcess(Process process) => _process = process;

    public static string Script => Path.Combine(AppContext.BaseDirectory, "gpu_check_peft.py");

    /// <summary>What it runs on.</summary>
    public string Versions { get; private set; } = "";

    /// <summary>Starts it; loading PyTorch continues in the background until <see cref="WaitUntilReady"/>.</summary>
    /// <exception cref="CheckSkippedException">There is no such interpreter.</exception>
    public static PeftProcess Start(CheckOptions options)
    {
        var start = new ProcessStartInfo(options.Python, [Script, "--serve", "--device", options.Device]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var name in (string[])[MemoryCheck.AllocatorVariable, MemoryCheck.FormerAllocatorVariable])
            _ = start.Environment.Remove(name);
        try
        {
            return new PeftProcess(Process.Start(start)!);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new CheckSkippedException($"{options.Python} cannot be started: {e.Message}");
        }
    }

    /// <exception cref="CheckSkippedException">It lacks a package.</exception>
    public void WaitUntilReady() => Versions = Read()["ready"]!.ToString();

    /// <summary>Milliseconds that a block of steps took, with the card idle before and after.</summary>
    public double Steps(PeftRequest request, int steps) => (double)Ask(request.ToJson("steps", steps))["milliseconds"]!;

    /// <summary>The most bytes that a contender had allocated, from its making to the end of some steps.</summary>
    public double PeakBytes(PeftRequest request, int steps) => (double)Ask(request.ToJson("memory", steps))["bytes"]!;

    /// <summary>Microseconds of single operations by name; see <see cref="OperationsCheck"/>.</summary>
    public IReadOnlyDictionary<string, double> Operations(int repetitions, int chain) =>
        Ask(new JsonObject { ["do"] = "operations", ["repetitions"] = repetitions, ["chain"] = chain })["microseconds"]!.AsObject().ToDictionary(one => one.Key, one => (double)one.Value!);

    /// <summary>Frees all contenders.</summary>
    public void Forget() => _ = Ask(new JsonObject { ["do"] = "forget" });

    public void Dispose()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }

        _process.Dispose();
    }

    private JsonNode Ask(JsonObject request)
    {
        _process.StandardInput.WriteLine(request.ToJsonString());
        _process.StandardInput.Flush();
        return Read();
    }

    private JsonNode Read()
    {
        var line = _process.StandardOutput.ReadLine() ?? throw new CheckSkippedException("The Python process with PEFT ended; its last output is above.");
        var answer = JsonNode.Parse(line)!;
        return answer["error"] is { } error ? throw new InvalidOperationException($"PEFT: {error}") : answer;
    }
}

/// <summary>A contender of PEFT's.</summary>
internal sealed record PeftRequest(CardModel Model, string Method, int? Rank, string Precision)
{
    public string Name => Method == "adalora" ? "PEFT's AdaLoRA, budgeting, deltaT 1" : $"PEFT's LoRA r {Rank}";

    public JsonObject ToJson(string action, int steps) => new()
    {
        ["do"] = action,
        ["shape"] = Model.Describe(),
        ["method"] = Method,
        ["rank"] = Rank,
        ["precision"] = Precision,
        ["batch"] = Model.Batch,
        ["length"] = Model.Length,
        ["dropout"] = CardModel.Dropout,
        ["steps"] = steps,
    };

    /// <summary>PEFT's AdaLoRA, and its LoRA of the same rank at the start.</summary>
    public static IReadOnlyList<PeftRequest> Of(CardModel model, string precision) =>
        [new(model, "adalora", null, precision), new(model, "lora", Benchmarks.AdapterPlan.InitialRank, precision)];
}
