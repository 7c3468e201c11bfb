using System.CommandLine;

namespace AdaLora.GpuCheck;

/// <summary>The command line.</summary>
internal static class CheckCommand
{
    public static RootCommand Create()
    {
        var device = new Option<string>("--device") { Description = "Where to compute.", DefaultValueFactory = _ => "cuda" };
        _ = device.AcceptOnlyFromAmong("cpu", "cuda");
        var items = new Option<string>("--items")
        {
            Description = $"Checks to run, separated by commas: {string.Join(", ", Checks.All.Select(check => check.Name))}. [default: all]",
            HelpName = "NAMES"
        };
        var quick = new Option<bool>("--quick") { Description = "Tiny shapes and training runs: a rehearsal of this program, not a measurement." };
        var output = new Option<string>("--output") { Description = "Folder for gpu-check.json and gpu-check.md.", HelpName = "DIR", DefaultValueFactory = _ => "gpu-check" };
        var seconds = new Option<double>("--seconds") { Description = "The time that all checks together may take.", DefaultValueFactory = _ => 285 };
        var python = new Option<string>("--python")
        {
            Description = "Python with PyTorch, transformers and PEFT, for the comparison with PEFT.",
            HelpName = "FILE",
            DefaultValueFactory = _ => "python3"
        };
        // A separate process for each run of checks, because a fault in native code ends the process.
        var worker = new Option<string?>("--worker") { Hidden = true };
        var killed = new Option<string?>("--killed-training") { Hidden = true };
        var command = new RootCommand("Checks AdaLora on a device: numbers of other implementations, training runs, memory, times compared with PEFT.") { device, items, quick, output,
            seconds, python, worker, killed };
        command.SetAction(line =>
        {
            var names = line.GetValue(items)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [.. Checks.All.Select(check => check.Name)];
            var unknown = names.Except(Checks.All.Select(check => check.Name)).ToList();
            if (unknown.Count > 0)
            {
                Console.Error.WriteLine($"There is no check '{string.Join("', '", unknown)}'. The checks are: {string.Join(", ", Checks.All.Select(check => check.Name))}.");
                return 2;
            }

            var options = new CheckOptions(line.GetRequiredValue(device), names, line.GetValue(quick), Path.GetFullPath(line.GetRequiredValue(output)), line.GetValue(seconds),
                line.GetRequiredValue(python));
            if (line.GetValue(killed) is { } folder)
                return KilledTraining.Run(options, folder);
            return line.GetValue(worker) is { } results ? Worker.Run(options, results) : new Supervisor(options).Run();
        });
        return command;
    }
}
