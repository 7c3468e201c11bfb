using System.CommandLine;
using AdaLora.Devices;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Glue;

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

    /// <summary>The option of the command line, one of its own for each command.</summary>
    public static Option<string> Option() => ParsedOption.WithDefault(
        TrainOptionNames.Device, $"Where to compute: {TorchDevices.Automatic} (CUDA where it works, else the CPU), cpu, cuda, or cuda:N for the card of a number.", "NAME", Name, TorchDevices.Automatic);

    /// <summary>Finds the device of a name, and tells of a card.</summary>
    /// <exception cref="DeviceException">CUDA was asked for and is not there.</exception>
    public static RunDevice Open(string name, IRunReporter reporter)
    {
        var found = new RunDevice(TorchDevices.Find(name));
        if (found.Device.type == DeviceType.CUDA)
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

    private static string Name(string text) => TorchDevices.IsName(text)
        ? text.ToLowerInvariant()
        : throw new UserInputException($"there is no device '{text}'; there are {TorchDevices.Automatic}, cpu, cuda and cuda:N with the number of a card from 0.");
}
