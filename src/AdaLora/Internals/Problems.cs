using System.Runtime.CompilerServices;

namespace AdaLora.Internals;

/// <summary>Collects everything that is wrong with some input, so that a caller is told all of it at once.</summary>
internal sealed class Problems
{
    private readonly List<string> _found = [];

    public IReadOnlyList<string> Found => _found;

    public void Require(bool condition, string problem)
    {
        if (!condition)
            _found.Add(problem);
    }

    /// <summary>The same with an interpolated string, which is evaluated only if needed.</summary>
    public void Require(bool condition, [InterpolatedStringHandlerArgument(nameof(condition))] ProblemText problem)
    {
        if (!condition)
            _found.Add(problem.ToStringAndClear());
    }

    public void RequireDefined<TEnum>(TEnum value, string name)
        where TEnum : struct, Enum => Require(Enum.IsDefined(value), $"{name} is {value}; it must be one of {string.Join(", ", Enum.GetNames<TEnum>())}");

    public void RequireValue(object? value, string name) => Require(value is not null, $"{name} is null");

    public void ThrowIfAny(string summary)
    {
        if (_found.Count > 0)
            throw new ArgumentException($"{summary}: {string.Join("; ", _found)}.");
    }
}
