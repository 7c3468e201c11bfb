using System.Globalization;
using System.Numerics;
using AdaLora.Experiments.Programs;

namespace AdaLora.Experiments.Settings;

/// <summary>Numbers on the command line, read the same way in every culture.</summary>
internal static class NumberText
{
    /// <exception cref="UserInputException">The text is not such a number.</exception>
    public static T Parse<T>(string text)
        where T : struct, INumber<T> =>
        T.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new UserInputException($"expected a {(IsWhole<T>() ? "whole number" : "number such as 0.5")}, found '{text}'.");

    /// <summary>What stands for such a number in the help.</summary>
    public static string HelpName<T>()
        where T : struct, INumber<T> => IsWhole<T>() ? "N" : "X";

    private static bool IsWhole<T>()
        where T : struct, INumber<T> => typeof(T) == typeof(int);
}
