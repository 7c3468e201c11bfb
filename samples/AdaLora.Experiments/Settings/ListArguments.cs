using System.Globalization;
using AdaLora.Experiments.Programs;

namespace AdaLora.Experiments.Settings;

/// <summary>Reads lists given as one argument.</summary>
internal static class ListArguments
{
    private const StringSplitOptions Clean = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;

    /// <summary>Names separated by commas.</summary>
    public static IReadOnlyList<string> Names(string text) => [.. text.Split(',', Clean).Distinct()];

    /// <summary>Whole numbers and ranges of them separated by commas, such as "0-2,5", in ascending order.</summary>
    /// <exception cref="UserInputException">The text has a different form.</exception>
    public static IReadOnlyList<int> Numbers(string text) => [.. text.Split(',', Clean).SelectMany(part => Range(part, text)).Distinct().Order()];

    /// <summary>Numbers separated by commas, such as "3e-4,1e-3", in ascending order.</summary>
    /// <exception cref="UserInputException">The text has a different form, or one of them is not positive.</exception>
    public static IReadOnlyList<double> RealNumbers(string text) =>
        [.. text.Split(',', Clean).Select(NumberText.Parse<double>).Select(n => n > 0 ? n : throw new UserInputException($"expected positive numbers, found '{text}'.")).Distinct().Order()];

    private static IEnumerable<int> Range(string part, string text)
    {
        const int Most = 1000;
        var ends = part.Split('-', StringSplitOptions.TrimEntries);
        if (ends.Length <= 2 && TryParse(ends[0], out var first) && TryParse(ends[^1], out var last) && first <= last && last < Most)
            return Enumerable.Range(first, last - first + 1);
        throw new UserInputException($"expected whole numbers such as 0-2,5, found '{text}'.");
    }

    private static bool TryParse(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
