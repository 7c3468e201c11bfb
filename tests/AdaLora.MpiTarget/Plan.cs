using System.Globalization;

namespace AdaLora.Tests;

/// <summary>What a training is to do, from the command line.</summary>
internal sealed class Plan
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal)
    {
        ["accumulation"] = "4",
        ["steps"] = "16",
        ["dropout"] = "0.2",
        ["rate"] = "0.01",
        // A folder.
        ["checkpoints"] = "",
        // "nan", "throw", "sleep", "rate" (of learning, from the start), "tensors" (on all ranks, before the start) or "none", on a rank, at a batch of that rank, from 1.
        ["trouble"] = "none",
        ["rank"] = "0",
        ["batch"] = "5",
        // Milliseconds that a batch takes in addition.
        ["delay"] = "0",
        ["patience"] = "600",
        // Steps between two measurements of the process's memory.
        ["memory"] = "1000000",
    };

    private Plan(string folder) => Folder = folder;

    public string Folder { get; }

    public string this[string name] => _values[name];

    public static Plan Read(string[] args)
    {
        var plan = new Plan(args[0]);
        for (var i = 1; i < args.Length; i += 2)
            plan._values[args[i]] = args[i + 1];
        return plan;
    }

    public int Number(string name) => int.Parse(this[name], CultureInfo.InvariantCulture);

    public double Real(string name) => double.Parse(this[name], CultureInfo.InvariantCulture);
}
