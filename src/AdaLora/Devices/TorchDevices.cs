using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Devices;

/// <summary>Devices by their command-line names, with the reason if one is not available. Thread-safe.</summary>
public static class TorchDevices
{
    /// <summary>CUDA if it works, otherwise the CPU.</summary>
    public const string Automatic = "auto";

    private const string Cpu = "cpu";
    private const string Cuda = "cuda";

    /// <summary>The device with a given name.</summary>
    /// <param name="name">auto, cpu, cuda (the first GPU), or cuda:N with N from 0; case-insensitive.</param>
    /// <returns>The device. <c>auto</c> gives <c>cuda:0</c> if CUDA works, otherwise the CPU.</returns>
    /// <exception cref="ArgumentException">The name is none of these.</exception>
    /// <exception cref="DeviceException">CUDA was requested but is not available: there is no driver, there is no GPU with this number, or libtorch is a CPU-only build.</exception>
    public static Device Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!TryParse(name, out var card))
            throw new ArgumentException($"Unknown device '{name}'; use {Automatic}, {Cpu}, {Cuda} or {Cuda}:N, where N is the number of a card, counted from 0.", nameof(name));
        if (card is not { } index || (name.Equals(Automatic, StringComparison.OrdinalIgnoreCase) && WhyNoCuda(0) is not null))
            return CPU;
        return WhyNoCuda(index) is { } reason ? throw new DeviceException($"'{name}' cannot be used: {reason}") : device(DeviceType.CUDA, index);
    }

    /// <summary>Whether a text is the name of a device, available or not.</summary>
    /// <param name="name">As in <see cref="Find"/>.</param>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    public static bool IsName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return TryParse(name, out _);
    }

    /// <summary>The device and, for a GPU, its name, such as <c>cuda:0 (NVIDIA H200)</c>.</summary>
    /// <param name="device">Any device.</param>
    public static string Describe(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.type == DeviceType.CUDA && CudaDriver.Open(out var driver) is null ? $"{device} ({driver!.CardName(IndexOf(device))})" : device.ToString();
    }

    /// <summary>The current memory of a GPU. Takes a few microseconds and does not wait for the GPU's computations.</summary>
    /// <param name="device">Any device.</param>
    /// <returns>Null for devices other than CUDA's, and if the driver does not report it.</returns>
    public static DeviceMemory? MemoryOf(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.type == DeviceType.CUDA && CudaDriver.Open(out var driver) is null ? driver!.MemoryOf(IndexOf(device)) : null;
    }

    private static int IndexOf(Device device) => Math.Max(0, device.index);

    // Null means the CPU.
    private static bool TryParse(string name, out int? card)
    {
        card = name.ToLowerInvariant() switch
        {
            Automatic or Cuda => 0,
            _ => null,
        };
        if (card is not null || name.Equals(Cpu, StringComparison.OrdinalIgnoreCase))
            return true;
        const string prefix = Cuda + ":";
        if (!name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) || !int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            return false;
        card = index;
        return true;
    }

    private static string? WhyNoCuda(int index)
    {
        if (CudaDriver.Open(out var driver) is { } reason)
            return $"{reason}. Use {Cpu}, or install the card's driver.";
        if (index >= driver!.Count)
            return $"there is no card {index}; there {(driver.Count == 1 ? "is one" : $"are {driver.Count}")}, starting with {Cuda}:0 ({driver.CardName(0)}).";
        if (cuda.is_available())
            return null;
        return NativeLibrary.TryLoad("torch_cuda", typeof(torch).Assembly, null, out _)
            ? $"the driver supports CUDA up to {driver.Version}, and libtorch does not start with it. Update the driver, or use a libtorch built for an older CUDA."
            : $"the driver has {driver.CardName(index)}, but this libtorch is a build for CPUs. Build with -p:TorchBackend=cuda, or with -p:TorchBackend=external and {ExternalLibTorch.FolderVariable} set to a libtorch for CUDA.";
    }
}
