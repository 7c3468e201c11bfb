using AdaLora.Transformers.Checkpoints;

namespace AdaLora.Glue;

/// <summary>Turns the library's exceptions about what it was given into one line for the user.</summary>
internal static class LibraryErrors
{
    /// <exception cref="UserInputException">The library could not use what it was given.</exception>
    public static T Explain<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is CheckpointException or InvalidDataException or Serialization.SafetensorsException or Adapters.InjectionException or ArgumentException)
        {
            throw new UserInputException(e.Message, e);
        }
    }
}
