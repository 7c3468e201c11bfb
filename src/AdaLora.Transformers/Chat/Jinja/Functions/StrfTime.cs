using System.Globalization;
using System.Text;
using AdaLora.Transformers.Chat.Jinja.Values;

namespace AdaLora.Transformers.Chat.Jinja.Functions;

/// <summary>A time in the form that C's strftime writes, in English.</summary>
internal static class StrfTime
{
    private static readonly Dictionary<char, string> Formats = new()
    {
        ['a'] = "ddd",
        ['A'] = "dddd",
        ['b'] = "MMM",
        ['h'] = "MMM",
        ['B'] = "MMMM",
        ['d'] = "dd",
        ['D'] = "MM/dd/yy",
        ['F'] = "yyyy-MM-dd",
        ['H'] = "HH",
        ['I'] = "hh",
        ['m'] = "MM",
        ['M'] = "mm",
        ['p'] = "tt",
        ['S'] = "ss",
        ['T'] = "HH:mm:ss",
        ['y'] = "yy",
        ['Y'] = "yyyy",
    };

    public static string Format(Arguments arguments, DateTimeOffset time, string format)
    {
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }

            var isShort = format[++i] == '-' && i + 1 < format.Length;
            var code = isShort ? format[++i] : format[i];
            if (code == '%')
                text.Append('%');
            else if (code == 'j')
                text.Append(time.DayOfYear.ToString(isShort ? "0" : "000", CultureInfo.InvariantCulture));
            else if (Formats.TryGetValue(code, out var own))
                text.Append(Part(time, own, isShort));
            else
                throw arguments.At.Fault($"'%{code}' is not supported in the format of a date");
        }

        return text.ToString();
    }

    private static string Part(DateTimeOffset time, string format, bool isShort)
    {
        var part = time.ToString(format, CultureInfo.InvariantCulture);
        return isShort && part.Length > 1 && part[0] == '0' ? part[1..] : part;
    }
}
