using System.Collections.Concurrent;
using System.Diagnostics;
using AdaLora.TestSupport;

namespace AdaLora.GpuCheck;

/// <summary>Lets worker processes run the checks, replaces one that died, and writes down what is known after each check. Loads no libtorch itself.</summary>
internal sealed class Supervisor(CheckOptions options)
{
    private const int ErrorLines = 30;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly Deadline _deadline = new(options.Seconds);
    private readonly DateTimeOffset _begun = DateTimeOffset.UtcNow;
    private readonly List<CheckResult> _results = [];

    /// <returns>0 if no check failed.</returns>
    public int Run()
    {
        var remaining = Checks.All.Where(check => options.Items.Contains(check.Name)).ToList();
        while (remaining.Count > 0)
        {
            var environment = remaining[0].Environment;
            var batch = remaining.TakeWhile(check => check.Environment.SequenceEqual(environment)).ToList();
            if (_deadline.SecondsLeft > 0)
                RunBatch(batch, environment);
            else
                Record(CheckResult.Without(batch[0], CheckStatus.Skipped, 0, "There was no time left."));
            _ = remaining.RemoveAll(check => _results.Any(result => result.Name == check.Name));
        }

        Console.WriteLine($"{Count(CheckStatus.Passed)} passed, {Count(CheckStatus.Failed)} failed, {Count(CheckStatus.Skipped)} skipped: {options.Output}");
        return Count(CheckStatus.Failed) == 0 ? 0 : 1;
    }

    private int Count(CheckStatus status) => _results.Count(result => result.Status == status);

    private void RunBatch(IReadOnlyList<ICheck> batch, IReadOnlyDictionary<string, string> environment)
    {
        using var folder = new TemporaryFolder();
        var events = folder.File("events");
        var known = 0;
        var errors = new ConcurrentQueue<string>();
        using var process = Start(batch, environment, events, errors);
        while (!process.WaitForExit(Poll) && _deadline.SecondsLeft > 0)
            Update();
        var isOverdue = !process.HasExited;
        if (isOverdue)
            process.Kill(entireProcessTree: true);
        process.WaitForExit();
        Update();

        var (ended, current) = WorkerEvents.Read(events);
        var exit = $"exit code {process.ExitCode}: {string.Join('\n', errors)}";
        if (current is not null)
            Record(CheckResult.Without(batch.Single(check => check.Name == current), CheckStatus.Failed, 0, isOverdue ? "It was ended because the time ran out." : $"Its process ended with {exit}"));
        else if (ended.Count == 0)
            Record(CheckResult.Without(batch[0], CheckStatus.Failed, 0, $"The process ended before the first check with {exit}"));

        void Update()
        {
            foreach (var result in WorkerEvents.Read(events).Ended.Skip(known).ToList())
            {
                known++;
                Record(result);
            }
        }
    }

    private Process Start(IEnumerable<ICheck> batch, IReadOnlyDictionary<string, string> environment, string events, ConcurrentQueue<string> latest)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { UseShellExecute = false, RedirectStandardError = true };
        foreach (var argument in options.ArgumentsOf(batch.Select(check => check.Name), _deadline.SecondsLeft, events))
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        // The reference numbers that were packed with the program.
        var goldens = Path.Combine(AppContext.BaseDirectory, "goldens");
        if (Directory.Exists(goldens))
            start.Environment["ADALORA_GOLDENS"] = goldens;
        var process = new Process { StartInfo = start };
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not { } text)
                return;
            Console.Error.WriteLine(text);
            latest.Enqueue(text);
            if (latest.Count > ErrorLines)
                _ = latest.TryDequeue(out string? _);
        };
        _ = process.Start();
        process.BeginErrorReadLine();
        return process;
    }

    private void Record(CheckResult result)
    {
        _results.Add(result);
        Console.WriteLine(CheckReport.LineOf(result));
        new CheckReport(options.Device, options.IsQuick, _begun, (DateTimeOffset.UtcNow - _begun).TotalSeconds, _results).Write(options.Output);
    }
}
