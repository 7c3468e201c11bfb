using AdaLora.Devices;
using AdaLora.Internals.Cpu;
using AdaLora.TestSupport;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>Runs checks one after another in this process.</summary>
internal static class Worker
{
    /// <summary>The exit code of a process whose card is no longer usable: an error on a card persists.</summary>
    public const int CardIsLost = 3;

    private const double CudaToleranceFactor = 10;

    /// <param name="options">Which checks, and where.</param>
    /// <param name="resultsFile">Where to report them.</param>
    public static int Run(CheckOptions options, string resultsFile)
    {
        Prepare(options);
        var deadline = new Deadline(options.Seconds);
        using var peft = new PeftStarter(options);
        foreach (var check in Checks.All.Where(check => options.Items.Contains(check.Name)))
        {
            WorkerEvents.Begin(resultsFile, check);
            var result = deadline.SecondsLeft < check.LeastSeconds && !options.IsQuick
                ? CheckResult.Without(check, CheckStatus.Skipped, 0, $"{deadline.SecondsLeft:F0} s are left; it takes {check.LeastSeconds:F0}.")
                : new CheckContext(options, deadline, peft.Process).Run(check);
            WorkerEvents.End(resultsFile, result);
            if (IsCardLost(result))
                return CardIsLost;
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return 0;
    }

    /// <summary>Sets up the device that numbers are compared on.</summary>
    public static void Prepare(CheckOptions options)
    {
        // A rehearsal on the CPU takes the path of other devices.
        HostMemory.IsUsed = false;
        // Tests run this program in parallel with others; threads that wait for each other are slower than one.
        if (options.IsQuick)
            set_num_threads(1);
        if (!options.IsOnCard)
            return;
        TestDevice.Current = TorchDevices.Find(options.Device);
        TestDevice.ToleranceFactor = CudaToleranceFactor;
        backends.cuda.matmul.allow_tf32 = false;
        backends.cudnn.allow_tf32 = false;
    }

    private static bool IsCardLost(CheckResult result) =>
        result is { Status: CheckStatus.Failed, Message: { } message } && (message.Contains("CUDA error", StringComparison.Ordinal) || message.Contains("CUBLAS_STATUS", StringComparison.Ordinal));
}
