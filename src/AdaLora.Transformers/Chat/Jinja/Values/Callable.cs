namespace AdaLora.Transformers.Chat.Jinja.Values;

/// <summary>Something that can be called.</summary>
/// <param name="name">Its name, for messages.</param>
/// <param name="call">What it does.</param>
internal sealed class Callable(string name, Func<Run, Arguments, object?> call)
{
    public string Name => name;

    public object? Call(Run run, Arguments arguments) => call(run, arguments);
}
