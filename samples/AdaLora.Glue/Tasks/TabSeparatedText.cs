using System.Text;
using AdaLora.Experiments.Programs;

namespace AdaLora.Glue.Tasks;

/// <summary>
/// The rows of a GLUE file. Lines end at LF or CRLF, cells at tabs; everything else, including quotes, backslashes, "#" and a lone CR, is text. Readers for CSV
/// dialects (Sylvan.Data.Csv was tried) end a line at a lone CR and always keep some character as comment or escape sign, which would change sentences.
/// </summary>
internal static class TabSeparatedText
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="UserInputException">The file is not UTF-8.</exception>
    public static IEnumerable<string[]> ReadRows(string path)
    {
        var text = ReadText(path);
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start);
            var next = end + 1;
            if (end < 0)
                end = next = text.Length;
            else if (end > start && text[end - 1] == '\r')
                end--;
            yield return text[start..end].Split('\t');
            start = next;
        }
    }

    private static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path, StrictUtf8);
        }
        catch (DecoderFallbackException e)
        {
            throw new UserInputException($"{path} is not UTF-8 text; convert it, or download the official GLUE file again.", e);
        }
    }
}
