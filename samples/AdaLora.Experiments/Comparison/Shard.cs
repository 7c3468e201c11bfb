using System.Globalization;
using AdaLora.Experiments.Programs;

namespace AdaLora.Experiments.Comparison;

/// <summary>The runs that one of several machines carries out: each n-th one, beginning with another.</summary>
/// <param name="Index">Which of them, from 1.</param>
/// <param name="Count">How many there are, at least 1.</param>
internal sealed record Shard(int Index, int Count)
{
    public static Shard Whole { get; } = new(1, 1);

    public bool Has(int run) => run % Count == Index - 1;

    /// <exception cref="UserInputException">The text has a different form.</exception>
    public static Shard Parse(string text) =>
        text.Split('/') is [var index, var count] && TryParse(index, out var i) && TryParse(count, out var n) && i >= 1 && i <= n
            ? new Shard(i, n)
            : throw new UserInputException($"expected a part such as 2/4, found '{text}'.");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Index}/{Count}");

    private static bool TryParse(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
