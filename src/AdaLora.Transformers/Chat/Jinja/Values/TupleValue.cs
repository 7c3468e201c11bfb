namespace AdaLora.Transformers.Chat.Jinja.Values;

/// <summary>A list that is written with round brackets.</summary>
internal sealed class TupleValue : List<object?>
{
    public TupleValue(IEnumerable<object?> items)
        : base(items)
    {
    }
}
