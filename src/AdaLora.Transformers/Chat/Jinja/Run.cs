using System.Text;
using AdaLora.Transformers.Chat.Jinja.Syntax;

namespace AdaLora.Transformers.Chat.Jinja;

/// <summary>One rendering: what has been written, and what is left of its limits.</summary>
/// <param name="limits">The limits.</param>
/// <param name="clock">Tells the time.</param>
internal sealed class Run(ChatTemplateLimits limits, TimeProvider clock)
{
    private readonly List<(int Start, int Length)> _generated = [];
    private StringBuilder _output = new();
    private long _steps;
    private long _made;
    private int _captures;
    private int _depth;

    public TimeProvider Clock => clock;

    /// <summary>What was written between the tags of generation blocks.</summary>
    public IReadOnlyList<(int Start, int Length)> Generated => _generated;

    /// <summary>What was written.</summary>
    public string Text => _output.ToString();

    /// <summary>Counts a step.</summary>
    public void Step(Place at)
    {
        if (++_steps > limits.Steps)
            throw at.Fault($"the template takes more than {limits.Steps} steps");
    }

    /// <summary>A text that was made. All of them together count, not only what is written.</summary>
    public string Made(Place at, string text)
    {
        Count(at, text.Length);
        return text;
    }

    /// <summary>Counts characters or items before they are made.</summary>
    public void Count(Place at, long size)
    {
        _made += size;
        if (_made > limits.Characters)
            throw at.Fault($"the template makes more than {limits.Characters} characters");
    }

    public void Write(Place at, string text)
    {
        Count(at, text.Length);
        _ = _output.Append(text);
    }

    /// <summary>What is written by an action, in place of writing it.</summary>
    public string Capture(Action action)
    {
        var before = _output;
        (_output, _captures) = (new StringBuilder(), _captures + 1);
        try
        {
            action();
            return _output.ToString();
        }
        finally
        {
            (_output, _captures) = (before, _captures - 1);
        }
    }

    /// <summary>Runs a generation block.</summary>
    public void Generate(Place at, Action action)
    {
        if (_captures > 0)
            throw at.Fault("a generation block within a macro or a captured block is not supported: its place in the result is unknown");
        var start = _output.Length;
        action();
        _generated.Add((start, _output.Length - start));
    }

    /// <summary>Runs a macro.</summary>
    public T Nest<T>(Place at, Func<T> call)
    {
        if (++_depth > limits.Depth)
            throw at.Fault($"macros call each other more than {limits.Depth} levels deep");
        try
        {
            return call();
        }
        finally
        {
            _depth--;
        }
    }
}
