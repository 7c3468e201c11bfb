using System.Numerics;

namespace AdaLora.Experiments.Settings;

/// <summary>What numbers may be.</summary>
/// <param name="expected">In words, such as "at least 1".</param>
/// <param name="holds">Whether a number is that.</param>
internal sealed class Bound<T>(string expected, Func<T, bool> holds)
    where T : struct, INumber<T>
{
    /// <summary>What is wrong with a number; null if nothing is.</summary>
    public string? FindProblem(T value) => holds(value) && T.IsFinite(value) ? null : FormattableString.Invariant($"must be {expected}, but is {value}");
}
