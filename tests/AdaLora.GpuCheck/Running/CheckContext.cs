using System.Diagnostics;
using System.Globalization;
using AdaLora.Devices;
using AdaLora.Tests.Models;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>What a check works with, and where it puts what it found.</summary>
internal sealed class CheckContext(CheckOptions options, Deadline deadline, Lazy<PeftProcess> peft)
{
    private readonly List<string> _failures = [];
    private readonly List<string> _notes = [];
    private readonly List<CheckTable> _tables = [];
    private readonly List<CheckTarget> _targets = [];

    public CheckOptions Options => options;

    public bool IsQuick => options.IsQuick;

    public bool IsOnCard => options.IsOnCard;

    public Deadline Deadline => deadline;

    public Device Device { get; } = TorchDevices.Find(options.Device);

    /// <summary>PEFT in a Python process.</summary>
    /// <exception cref="CheckSkippedException">There is none.</exception>
    public PeftProcess Peft => peft.Value;

    public void Note(FormattableString text) => _notes.Add(text.ToString(CultureInfo.InvariantCulture));

    public void Add(CheckTable table) => _tables.Add(table);

    /// <summary>Something that is wanted, but whose absence is a result and not a failure.</summary>
    public void Target(string name, double value, double atMost) => _targets.Add(new CheckTarget(name, value, atMost));

    /// <summary>Fails the check, which continues, to find what else is wrong.</summary>
    public void Require(bool condition, FormattableString failure)
    {
        if (!condition)
            _failures.Add(failure.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Waits until the device has done everything.</summary>
    public void Synchronize()
    {
        if (IsOnCard)
            cuda.synchronize();
    }

    /// <summary>Runs something as the CPU does it, whatever the device of the check is. A check on the CPU itself takes the other devices' way otherwise.</summary>
    public static T AsOnTheCpu<T>(Func<T> work)
    {
        using var operations = new TensorOperations(areUsed: false);
        return work();
    }

    /// <summary>Runs a check and reports how it went.</summary>
    public CheckResult Run(ICheck check)
    {
        var watch = Stopwatch.StartNew();
        var (status, message) = Attempt(check);
        return new CheckResult(check.Name, check.Title, status, watch.Elapsed.TotalSeconds, message, [.. _notes], [.. _tables], [.. _targets]);
    }

    private (CheckStatus Status, string? Message) Attempt(ICheck check)
    {
        try
        {
            using var scope = NewDisposeScope();
            check.Run(this);
            Synchronize();
        }
        catch (CheckSkippedException e)
        {
            return (CheckStatus.Skipped, e.Message);
        }
        catch (Exception e)
        {
            _failures.Add(e.ToString());
        }

        return _failures.Count == 0 ? (CheckStatus.Passed, null) : (CheckStatus.Failed, string.Join('\n', _failures));
    }
}
