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
    /// <exception cref="UserInputException">The library could not use what it was given.</exception>
    /// <exception cref="MemoryShortage">There is too little memory for it.</exception>
    public static T Explain<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (
            e is CheckpointException or InvalidDataException or SafetensorsException or InjectionException or ArgumentException or DeviceException or PlatformNotSupportedException)
        {
            throw new UserInputException(e.Message, e);
        }
        catch (Exception e) when (MemoryShortage.Find(e) is { } shortage)
        {
            throw new MemoryShortage($"{shortage} Lower {RunOptions.BatchSize} or {RunOptions.MaxLength}, use {RunOptions.Precision} {ModelPrecision.BFloat16}, or use another device with {RunOptions.Device}.", e);
        }
    }
}
