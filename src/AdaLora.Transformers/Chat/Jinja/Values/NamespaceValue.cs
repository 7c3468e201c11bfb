namespace AdaLora.Transformers.Chat.Jinja.Values;

/// <summary>What namespace() makes: the one thing of which a template may change the attributes.</summary>
/// <param name="attributes">Its attributes.</param>
internal sealed class NamespaceValue(Dictionary<string, object?> attributes)
{
    public Dictionary<string, object?> Attributes => attributes;
}
