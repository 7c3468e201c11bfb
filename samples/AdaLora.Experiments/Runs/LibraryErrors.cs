using System.Runtime.InteropServices;
using AdaLora.Devices;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;
using AdaLora.Injection;
using AdaLora.Safetensors;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Experiments.Runs;

/// <summary>Turns the library's exceptions about what it was given into one line for the user.</summary>
internal static class LibraryErrors
{
    /// <exception cref="UserInputException">The library could not use what it was given, or the memory does not suffice for it.</exception>
    public static T Explain<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is CheckpointException or InvalidDataException or SafetensorsException or InjectionException or ArgumentException or DeviceException or PlatformNotSupportedException)
        {
            throw new UserInputException(e.Message, e);
        }
        catch (ExternalException e) when (IsOutOfMemory(e.Message))
        {
            throw new UserInputException(
                $"Out of memory: {e.Message.Split('\n')[0].TrimEnd('.')}. Lower {RunOptions.BatchSize} or {RunOptions.MaxLength}, or compute elsewhere with {RunOptions.Device}.", e);
        }
    }

    // What libtorch says of cards, and of the host's memory.
    private static bool IsOutOfMemory(string message) =>
        message.Contains("out of memory", StringComparison.OrdinalIgnoreCase) || message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase);
}
