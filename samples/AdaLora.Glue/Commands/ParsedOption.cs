using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace AdaLora.Glue;

/// <summary>Options whose text is read the same way in every culture, with an error that says what was expected.</summary>
internal static class ParsedOption
{
    /// <summary>A number with a default.</summary>
    public static Option<T> Number<T>(string name, string description, T defaultValue)
        where T : struct, INumber<T> => new(name)
        {
            Description = description,
            HelpName = HelpName<T>(),
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result => ParseNumber<T>(result) ?? default,
        };

    /// <summary>A number that may be left out.</summary>
    public static Option<T?> OptionalNumber<T>(string name, string description)
        where T : struct, INumber<T> => new(name) { Description = description, HelpName = HelpName<T>(), CustomParser = ParseNumber<T> };

    /// <summary>A value that <paramref name="parse"/> makes of the text; its <see cref="UserInputException"/> becomes the error.</summary>
    public static Option<T> Create<T>(string name, string description, string helpName, Func<string, T> parse, bool required = false) => new(name)
    {
        Description = description,
        HelpName = helpName,
        Required = required,
        CustomParser = result =>
        {
            try
            {
                return parse(result.Tokens[0].Value);
            }
            catch (UserInputException e)
            {
                result.AddError($"{name}: {e.Message}");
                return default!;
            }
        },
    };

    /// <summary>As <see cref="Create"/>, with a default.</summary>
    public static Option<T> WithDefault<T>(string name, string description, string helpName, Func<string, T> parse, T defaultValue)
    {
        var option = Create(name, description, helpName, parse);
        option.DefaultValueFactory = _ => defaultValue;
        return option;
    }

    private static T? ParseNumber<T>(ArgumentResult result)
        where T : struct, INumber<T>
    {
        var text = result.Tokens[0].Value;
        if (T.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number))
            return number;
        result.AddError($"{((OptionResult)result.Parent!).Option.Name}: expected a {(IsWhole<T>() ? "whole number" : "number such as 0.5")}, found '{text}'.");
        return null;
    }

    private static string HelpName<T>()
        where T : struct, INumber<T> => IsWhole<T>() ? "N" : "X";

    private static bool IsWhole<T>()
        where T : struct, INumber<T> => typeof(T) == typeof(int);
}
