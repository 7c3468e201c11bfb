namespace AdaLora.Glue.Tests;

/// <summary>A text in memory that one thread may read while another writes.</summary>
internal sealed class SharedWriter : StringWriter
{
    private readonly Lock _lock = new();

    public override void Write(char value)
    {
        lock (_lock)
            base.Write(value);
    }

    public override void Write(char[] buffer, int index, int count)
    {
        lock (_lock)
            base.Write(buffer, index, count);
    }

    public override void Write(ReadOnlySpan<char> buffer)
    {
        lock (_lock)
            base.Write(buffer);
    }

    public override void Write(string? value)
    {
        lock (_lock)
            base.Write(value);
    }

    public override string ToString()
    {
        lock (_lock)
            return base.ToString();
    }
}
