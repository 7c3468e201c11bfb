namespace AdaLora.Transformers.Chat.Jinja.Values;

/// <summary>What a name or a key without a value stands for: false, empty, and printed as nothing, but nothing else can be done with it.</summary>
/// <param name="why">Why there is no value, as the end of a message.</param>
internal sealed class Undefined(string why)
{
    public string Why => why;
}
