using System.Text;
using AdaLora.Experiments.Programs;

namespace AdaLora.Instruct.Data;

/// <summary>A row of comma-separated values (RFC 4180).</summary>
internal static class CsvLine
{
    /// <param name="text">The row.</param>
    /// <param name="path">Its file, for messages.</param>
    /// <param name="line">Its line, for messages.</param>
    /// <exception cref="UserInputException">Quotation marks are wrong.</exception>
    public static List<string> Split(string text, string path, int line)
    {
        text = text.TrimEnd('\r');
        var (cells, cell, at) = (new List<string>(), new StringBuilder(), 0);
        while (true)
        {
            if (at < text.Length && text[at] == '"')
            {
                for (at++; ; at++)
                {
                    if (at >= text.Length)
                        throw new UserInputException($"{path}({line}): a quotation mark is not closed.");
                    if (text[at] != '"')
                        cell.Append(text[at]);
                    else if (at + 1 < text.Length && text[at + 1] == '"')
                        cell.Append(text[at++]);
                    else
                        break;
                }

                at++;
                if (at < text.Length && text[at] != ',')
                    throw new UserInputException($"{path}({line}): something follows a closing quotation mark.");
            }
            else
            {
                while (at < text.Length && text[at] != ',')
                    cell.Append(text[at++]);
            }

            cells.Add(cell.ToString());
            cell.Clear();
            if (at >= text.Length)
                return cells;
            at++;
        }
    }
}
