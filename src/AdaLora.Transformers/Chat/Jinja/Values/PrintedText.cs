using System.Globalization;
using System.Text;

namespace AdaLora.Transformers.Chat.Jinja.Values;

/// <summary>Values as Python prints them.</summary>
internal static class PrintedText
{
    /// <summary>A value as an expression prints it.</summary>
    public static string Of(object? value) => value switch
    {
        string text => text,
        Undefined => "",
        _ => Representation(value),
    };

    /// <summary>A value as it is printed within a list.</summary>
    public static string Representation(object? value)
    {
        switch (value)
        {
            case null:
                return "None";
            case bool truth:
                return truth ? "True" : "False";
            case long number:
                return number.ToString(CultureInfo.InvariantCulture);
            case double number:
                return OfNumber(number);
            case string text:
                return Quoted(text);
            case TupleValue tuple:
                return $"({string.Join(", ", tuple.Select(Representation))}{(tuple.Count == 1 ? "," : "")})";
            case List<object?> list:
                return $"[{string.Join(", ", list.Select(Representation))}]";
            case Dictionary<string, object?> mapping:
                return $"{{{string.Join(", ", mapping.Select(pair => $"{Quoted(pair.Key)}: {Representation(pair.Value)}"))}}}";
            case Undefined:
                return "Undefined";
            default:
                return $"<{Kinds.NameOf(value)}>";
        }
    }

    /// <summary>A floating-point number as Python writes it: the shortest digits, and an exponent below 1e-4 and from 1e16.</summary>
    public static string OfNumber(double number)
    {
        if (double.IsNaN(number))
            return "nan";
        if (double.IsInfinity(number))
            return number > 0 ? "inf" : "-inf";
        var digits = number.ToString("E16", CultureInfo.InvariantCulture);
        var shortest = number.ToString("R", CultureInfo.InvariantCulture);
        var exponent = number == 0 ? 0 : int.Parse(digits.AsSpan(digits.IndexOf('E', StringComparison.Ordinal) + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (exponent is >= -4 and < 16)
        {
            var plain = shortest.Contains('E', StringComparison.Ordinal) ? decimal.Parse(shortest, NumberStyles.Float, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture) : shortest;
            return plain.Contains('.', StringComparison.Ordinal) ? plain : plain + ".0";
        }

        var negative = shortest.StartsWith('-') ? "-" : "";
        var mantissa = new string([.. shortest.TakeWhile(c => c != 'E').Where(char.IsAsciiDigit)]).TrimStart('0').TrimEnd('0');
        var fraction = mantissa.Length > 1 ? "." + mantissa[1..] : "";
        return string.Create(CultureInfo.InvariantCulture, $"{negative}{mantissa[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
    }

    private static string Quoted(string text)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        var result = new StringBuilder().Append(quote);
        foreach (var c in text)
        {
            _ = c switch
            {
                '\\' => result.Append("\\\\"),
                '\n' => result.Append("\\n"),
                '\r' => result.Append("\\r"),
                '\t' => result.Append("\\t"),
                _ when c == quote => result.Append('\\').Append(c),
                < ' ' or '\x7f' => result.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => result.Append(c),
            };
        }

        return result.Append(quote).ToString();
    }
}
