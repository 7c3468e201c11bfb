using System.Runtime.InteropServices;

namespace AdaLora.Experiments.Programs;

/// <summary>The device, or the host, has too little memory. The message is one line.</summary>
internal sealed class MemoryShortage(string message, Exception innerException) : UserInputException(message, innerException)
{
    // The words of libtorch about cards and the host's memory, and those of the libraries that it calls.
    private static readonly string[] Signs = ["out of memory", "can't allocate memory", "_STATUS_ALLOC_FAILED"];

    /// <summary>What libtorch says in an exception, or in one that caused it, if it is about too little memory; null if it is something else.</summary>
    public static string? Find(Exception failure)
    {
        for (var e = failure; e is not null; e = e.InnerException)
        {
            if (e is ExternalException && Signs.Any(sign => e.Message.Contains(sign, StringComparison.OrdinalIgnoreCase)))
                return $"Out of memory: {e.Message.Split('\n')[0].Trim().TrimEnd('.')}.";
        }

        return null;
    }
}
