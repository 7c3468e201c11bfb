using System.Globalization;
using System.Text;
using AdaLora.Transformers.Chat.Jinja.Syntax;

namespace AdaLora.Transformers.Chat.Jinja.Values;

/// <summary>Values as JSON, as Python's json.dumps writes it.</summary>
/// <param name="at">Where it is asked for.</param>
/// <param name="indent">What a level is indented by; null for a single line.</param>
/// <param name="separators">What is written between items, and between key and value.</param>
/// <param name="sortsKeys">Whether keys are sorted.</param>
/// <param name="isAscii">Whether other characters are escaped.</param>
internal sealed class JsonText(Place at, string? indent, (string Item, string Key) separators, bool sortsKeys, bool isAscii)
{
    private readonly StringBuilder _text = new();

    public string Write(object? value)
    {
        Write(value, 0);
        return _text.ToString();
    }

    private void Write(object? value, int level)
    {
        switch (value)
        {
            case null:
                _text.Append("null");
                break;
            case bool truth:
                _text.Append(truth ? "true" : "false");
                break;
            case double number:
                _text.Append(double.IsFinite(number) ? PrintedText.OfNumber(number) : double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
                break;
            case long number:
                _text.Append(number.ToString(CultureInfo.InvariantCulture));
                break;
            case string text:
                WriteString(text);
                break;
            case List<object?> list:
                WriteItems('[', ']', list, level, item => Write(item, level + 1));
                break;
            case Dictionary<string, object?> mapping:
                WriteItems('{', '}', (sortsKeys ? mapping.OrderBy(pair => pair.Key, StringComparer.Ordinal) : mapping.AsEnumerable()), level, pair =>
                {
                    WriteString(pair.Key);
                    _text.Append(separators.Key);
                    Write(pair.Value, level + 1);
                });
                break;
            default:
                throw at.Fault($"{Kinds.NameOf(value)} can't be written as JSON");
        }
    }

    private void WriteItems<T>(char open, char close, IEnumerable<T> items, int level, Action<T> write)
    {
        _text.Append(open);
        var isFirst = true;
        foreach (var item in items)
        {
            if (!isFirst)
                _text.Append(separators.Item);
            isFirst = false;
            BreakLine(level + 1);
            write(item);
        }

        if (!isFirst)
            BreakLine(level);
        _text.Append(close);
    }

    private void BreakLine(int level)
    {
        if (indent is null)
            return;
        _text.Append('\n');
        for (var i = 0; i < level; i++)
            _text.Append(indent);
    }

    private void WriteString(string text)
    {
        _text.Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => _text.Append("\\\""),
                '\\' => _text.Append("\\\\"),
                '\n' => _text.Append("\\n"),
                '\r' => _text.Append("\\r"),
                '\t' => _text.Append("\\t"),
                '\f' => _text.Append("\\f"),
                '\b' => _text.Append("\\b"),
                _ when c < ' ' || (isAscii && c > '~') => _text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => _text.Append(c),
            };
        }

        _text.Append('"');
    }
}
