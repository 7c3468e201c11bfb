using AdaLora.Devices;
using AdaLora.Experiments.Reports;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Runs;

/// <summary>What a run is computed on, and how much of its memory was seen in use.</summary>
internal sealed class RunDevice
{
    private const double BytesPerMegabyte = 1024 * 1024;

    private RunDevice(Device device) => (Device, Description) = (device, TorchDevices.Describe(device));

    public Device Device { get; }

    /// <summary>Such as cpu or cuda:0 (NVIDIA H200).</summary>
    public string Description { get; }

    /// <summary>The most that <see cref="MegabytesInUse"/> has seen; null on a CPU.</summary>
    public double? PeakMegabytes { get; private set; }

    /// <summary>Finds the device of a name, tells of a card or of what was chosen, and prepares it for a precision.</summary>
    /// <exception cref="DeviceException">CUDA was asked for and is not there, or the device has no such precision.</exception>
    public static RunDevice Open(string name, ModelPrecision precision, IRunReporter reporter)
    {
        var found = new RunDevice(TorchDevices.Find(name));
        if (precision.UseOn(found.Device) is { } warning)
            reporter.Note(warning);
        if (found.Device.type == DeviceType.CUDA || name == TorchDevices.Automatic)
            reporter.Note($"computing on {found.Description}");
        return found;
    }

    /// <summary>Memory of the card in use now; null on a CPU.</summary>
    public double? MegabytesInUse()
    {
        var now = TorchDevices.MemoryOf(Device)?.UsedBytes / BytesPerMegabyte;
        if (now is { } megabytes)
            PeakMegabytes = Math.Max(megabytes, PeakMegabytes ?? 0);
        return now;
    }
}
