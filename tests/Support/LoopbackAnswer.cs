using System.Text;

namespace AdaLora.TestSupport;

/// <summary>An answer of the loopback server, which may be as wrong as a test needs: nothing in it is checked.</summary>
internal sealed record LoopbackAnswer(int Status)
{
    public List<string> Headers { get; init; } = [];

    public byte[] Body { get; init; } = [];

    /// <summary>Content-Length; null for the body's own.</summary>
    public long? Length { get; init; }

    /// <summary>Whether Content-Length is omitted, so that the body ends with the connection.</summary>
    public bool NoLength { get; init; }

    /// <summary>How many bytes of the body are sent before the connection breaks; null for all.</summary>
    public int? BreakAfter { get; init; }

    /// <summary>Whether the body is repeated again and again, as if without end.</summary>
    public bool Endless { get; init; }

    /// <summary>Whether nothing more comes after the headers, until the server ends.</summary>
    public bool FallsSilent { get; init; }

    /// <summary>Awaited before the answer.</summary>
    public Task Before { get; init; } = Task.CompletedTask;

    public static LoopbackAnswer Text(int status, string type, string body) => new(status) { Headers = [$"Content-Type: {type}"], Body = Encoding.UTF8.GetBytes(body) };

    public static LoopbackAnswer Redirect(int status, string location, params List<string> headers) => new(status) { Headers = [$"Location: {location}", .. headers] };

    public byte[] Head()
    {
        List<string> lines = [$"HTTP/1.1 {Status} Answer", "Connection: close", .. Headers];
        if (!NoLength && !Endless)
            lines.Add($"Content-Length: {Length ?? Body.Length}");
        return Encoding.ASCII.GetBytes(string.Join("\r\n", lines) + "\r\n\r\n");
    }
}
